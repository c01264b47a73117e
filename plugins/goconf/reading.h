// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "pluginapi/store.h"

#include <QByteArray>

#include <functional>
#include <optional>
#include <vector>

/// Questions to the store as configuration asks them: everything at one revision. Node thread; the
/// store has to outlive what is awaited.
namespace coffer::goconf {

template<class T>
using Task = pluginapi::Task<T>;

/// The newest revision that anybody could have been told of when this was called.
[[nodiscard]] Task<Result<Revision>> newestRevision(pluginapi::Store &store);
/// The same, and the time of the store: all nodes agree on it, and it never goes back.
struct Moment
{
    Revision at;
    WallMs time{0};
};
[[nodiscard]] Task<Result<Moment>> newestMoment(pluginapi::Store &store);
/// The applied time as of now. That of the last entry may be long ago: this writes one, which
/// changes nothing.
[[nodiscard]] Task<Result<WallMs>> timeNow(pluginapi::Store &store);
/// A file as it was at \a at, if it was there.
[[nodiscard]] Task<Result<std::optional<store::FileView>>> fileAt(pluginapi::Store &store,
                                                                  QByteArray path, Revision at);
/// All files of a tree as they were at \a at; \a detail keys leaves their values out.
[[nodiscard]] Task<Result<std::vector<store::FileView>>>
filesAt(pluginapi::Store &store, QByteArray tree, Revision at,
        store::Detail detail = store::Detail::values);
/// The names in a directory as they were at \a at.
[[nodiscard]] Task<Result<std::vector<QByteArray>>> namesAt(pluginapi::Store &store,
                                                            QByteArray directory, Revision at);
/// The last part of a path.
[[nodiscard]] QByteArray nameIn(const QByteArray &path);

} // namespace coffer::goconf
