// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/content_cache.h"
#include "goconf/release_plan.h"

#include "config/bundle.h"
#include "config/render.h"

#include <map>
#include <vector>

namespace coffer::goconf {

/// All that is needed to render some snapshots. Value; may go to another thread.
struct Material
{
    std::map<config::Hash, LayerPointer> layers = {}; ///< By manifest.
    config::Contents contents = {};

    /// Base and own layer as one. An empty layer where there is none.
    [[nodiscard]] config::Merged merged(const Snapshot &snapshot) const;
    [[nodiscard]] config::Rendered render(const Snapshot &snapshot) const;
};

/// How a file differs, as `diff -u` writes it, with a line for other rights.
struct FileDiff
{
    QByteArray path;
    QByteArray text;
    bool operator==(const FileDiff &) const = default;
};
/// By path; files that do not differ are not in it. Each text is bounded, and says so if it is cut.
[[nodiscard]] std::vector<FileDiff> diffOf(const config::Bundle &before,
                                           const config::Bundle &after);
[[nodiscard]] QByteArray joined(const std::vector<FileDiff> &diffs);

/// A fault, and where it shows.
struct ClassFault
{
    QByteArray service;
    QByteArray idc;
    config::Fault fault;
    bool operator==(const ClassFault &) const = default;
};

/// What a release means for hosts: the blast radius. Value; pure.
struct Radius
{
    struct Class
    {
        QByteArray service;
        QByteArray idc;
        std::vector<QByteArray> hosts; ///< By name.
        QByteArray diff;
    };
    std::vector<Class> classes;     ///< Those alone whose files change.
    std::vector<ClassFault> faults; ///< If there are any, nothing may be released.
    std::uint64_t hosts = 0;        ///< Different ones, of all classes.
    QByteArray text = {};           ///< All differences, for the hash in the record.

    [[nodiscard]] static Radius of(const std::vector<ClassChange> &changes,
                                   const Material &material,
                                   const std::map<QByteArray, HostRecord> &hosts);
};

inline constexpr std::size_t diffBytesMax = std::size_t(256) << 10; ///< Of one file.
inline constexpr std::size_t radiusBytesMax = std::size_t(2) << 20; ///< Of all shown differences.

} // namespace coffer::goconf
