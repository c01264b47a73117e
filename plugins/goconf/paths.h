// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/change.h"
#include "config/hash.h"

#include <QByteArray>

#include <cstdint>
#include <optional>
#include <vector>

/// Where configuration lies in the store (docs/goconf.md). Pure. Names are those of
/// config::isName() unless said; nothing here checks them.
namespace coffer::goconf {

/// The service whose layers lie below those of every service. Hosts never have it by itself.
inline constexpr char globalService[] = "_global";
inline constexpr char baseScope[] = "_all"; ///< The scope of a service's base layer.
/// The scope of the layer of one host, and whose it is; nothing for another scope.
[[nodiscard]] QByteArray hostScope(const QByteArray &host);
[[nodiscard]] std::optional<QByteArray> hostOfScope(const QByteArray &scope);

[[nodiscard]] QByteArray servicePath(const QByteArray &service);
[[nodiscard]] QByteArray idcPath(const QByteArray &idc);
[[nodiscard]] QByteArray hostPath(const QByteArray &host);
[[nodiscard]] QByteArray releasePath(const QByteArray &id);
/// Written whenever something of a service, or in an IDC, comes into being: a draft, a pointer, a
/// host. A removal that found nothing guards that nothing came since.
[[nodiscard]] QByteArray serviceUsePath(const QByteArray &service);
[[nodiscard]] QByteArray idcUsePath(const QByteArray &idc);
[[nodiscard]] QByteArray hostUsePath(const QByteArray &host);
/// Written by every release of a service. One of _global guards that none came since: it was
/// validated with all of them.
[[nodiscard]] QByteArray serviceReleasesPath();
inline constexpr char useMark[] = "{}";
/// One piece of an object.
[[nodiscard]] QByteArray objectPath(const config::Hash &hash, std::size_t piece);

/// "/config/<service>": all scopes of a service lie below it.
[[nodiscard]] QByteArray treePath(const QByteArray &service);
[[nodiscard]] QByteArray pointerPath(const QByteArray &service, const QByteArray &scope);
[[nodiscard]] QByteArray snapshotPath(const QByteArray &service, const QByteArray &scope,
                                      const QByteArray &version);
[[nodiscard]] QByteArray reportPath(const QByteArray &service, const QByteArray &idc,
                                    const QByteArray &host);

/// What is edited together: a draft of one scope of one service. Value.
struct DraftId
{
    QByteArray service;
    QByteArray scope = baseScope;
    QByteArray draft = "main";
    /// "shop", "shop@sh001", "shop@host:web-1"; with the draft's name behind it if it is not
    /// "main".
    [[nodiscard]] QByteArray shown() const;
    bool operator==(const DraftId &) const = default;
};
[[nodiscard]] QByteArray draftPath(const DraftId &id);
/// The file of the pending change at \a place.
[[nodiscard]] QByteArray changePath(const DraftId &id, const config::Place &place);
/// Written by every edit, and so newer than every change of the draft: what a publish guards.
[[nodiscard]] QByteArray editedPath(const DraftId &id);
/// Says up to which revision changes of the draft were published: those are waste.
[[nodiscard]] QByteArray takenPath(const DraftId &id);

/// \a bytes as one segment of a path: what a segment may not have, and '%', as %2F.
[[nodiscard]] QByteArray percentEncoded(const QByteArray &bytes);
/// The way back; nothing if \a text is not what percentEncoded() makes.
[[nodiscard]] std::optional<QByteArray> percentDecoded(const QByteArray &text);

/// "v7".
[[nodiscard]] QByteArray versionName(std::uint64_t number);
/// The number of "v7", at least 1; nothing for another text.
[[nodiscard]] std::optional<std::uint64_t> versionNumber(const QByteArray &name);

} // namespace coffer::goconf
