// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ask.h"
#include "agent/local_values.h"
#include "agent/origin_files.h"
#include "agent/switcher.h"

#include <map>

namespace coffer::agent {

/// A version that somebody has seen: by its root, its version, or both. Value.
struct Seen
{
    QString root = {};
    QString version = {};
    /// From what a watch was asked with: 64 hex digits are a root.
    [[nodiscard]] static Seen fromText(const QString &text);
    [[nodiscard]] bool isNothing() const { return root.isEmpty() && version.isEmpty(); }
    [[nodiscard]] bool fits(const Generation &generation) const;
    bool operator==(const Seen &) const = default;
};

/// What programs of this host may know of the versions that are applied: values, files, variables,
/// and what changed from one to the next.
///
/// Every answer is of one version, the one that is applied when it is asked: not one that is being
/// switched to, and not what somebody wrote into the files since. It is read from the verified
/// bundle in the state directory, so it needs neither a node nor the target. Values are kept in
/// memory from the first question on; beyond cacheBytesMax only those that were asked for last.
///
/// Resource; one thread.
class LocalVersions
{
    Q_DISABLE_COPY_MOVE(LocalVersions)

public:
    static constexpr std::size_t cacheBytesMax = std::size_t(4) << 20;

    LocalVersions() = default;
    ~LocalVersions() = default;

    /// Verb::get, list, version or env of one service. `notFound`: nothing is applied, or there is
    /// no such key or file. `refused`: a key that files do not agree in. `corrupt`: the bundle is
    /// damaged; the next scrub gets it again.
    [[nodiscard]] Result<QJsonObject> answer(const Ask &ask, Switcher &switcher);
    /// Verb::why of one service: {"origins": [{"place","kind","layer","version"}]}, with "final",
    /// with "files", the outputs that show a key, and with its "value" as these have it. `notFound`
    /// as above, and where nobody has said where it comes from.
    [[nodiscard]] Result<QJsonObject> why(const Ask &ask, Switcher &switcher, OriginFiles &origins);
    /// What to say to who has seen \a seen: nothing if that, or nothing at all, is applied. Else
    /// {"event":"applied","service","version","root","release"} with "from", a root, and what
    /// changed; without "from" if what was seen is not kept here: then everything was added.
    [[nodiscard]] std::optional<QJsonObject> news(const QString &service, const Seen &seen,
                                                  Switcher &switcher);

private:
    struct Cached
    {
        config::Hash root;
        LocalValues values;
    };
    /// Valid until the next call.
    [[nodiscard]] Result<const LocalValues *> load(const QString &service,
                                                   const Generation &applied, Switcher &switcher);
    [[nodiscard]] Result<QJsonObject> get(const Ask &ask, const LocalValues &values) const;

    std::map<QString, Cached> m_cache;
    struct Told
    {
        Seen seen;
        Generation applied;
        QJsonObject event;
    };
    std::map<QString, Told> m_told; ///< By service: many watchers are told the same.
};

/// What `list` says of a service without its files and keys.
[[nodiscard]] QJsonObject briefOf(const QString &service, const std::optional<Generation> &applied);

} // namespace coffer::agent
