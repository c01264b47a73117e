// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/store.h"
#include "pluginhost/plugin_wish.h"
#include "pluginhost/ports.h"

#include <QObject>
#include <QPointer>
#include <QString>

#include <map>
#include <set>

namespace coffer::pluginhost {

/// Reads what operators want of all plugins, and follows its changes. Node thread.
///
/// A file that cannot be read is logged and counts as it last was.
class WishReader final : public QObject
{
    Q_DISABLE_COPY_MOVE(WishReader)

public:
    /// Called after the first reading, when \a changed is of no meaning, and with the names of the
    /// plugins whose file was written since.
    using Changed = std::function<void(const std::set<QString> &changed)>;

    WishReader(pluginapi::Store &store, Timers &timers, Changed changed);
    ~WishReader() override = default;

    void start();
    void stop();

    /// False until everything was read once.
    [[nodiscard]] bool isRead() const { return m_isRead; }
    [[nodiscard]] PluginWish wishOf(const QString &plugin) const;
    /// Writes what \a change makes of the present wish; the revision. Tries again if somebody else
    /// wrote meanwhile.
    using Change = std::function<Result<void>(PluginWish &)>;
    [[nodiscard]] pluginapi::Task<Result<Revision>> write(QString plugin, Change change);
    /// Everything up to here was taken in.
    [[nodiscard]] Revision progress() const { return m_progress; }

private:
    [[nodiscard]] pluginapi::Task<void> follow();
    [[nodiscard]] pluginapi::Task<Result<void>> readAll();
    [[nodiscard]] pluginapi::Task<Result<void>> readChanges();
    void take(const QByteArray &path, const QByteArray *value, std::set<QString> &changed);

    pluginapi::Store &m_store;
    Timers &m_timers;
    Changed m_changed;
    std::unique_ptr<pluginapi::Watch> m_watch;
    std::map<QString, PluginWish> m_wishes;
    Revision m_progress;
    bool m_isRead = false;
    bool m_isStopping = false;
};

} // namespace coffer::pluginhost
