// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/content_cache.h"
#include "goconf/release_plan.h"
#include "goconf/schema_check.h"

#include "config/bundle.h"
#include "config/render.h"

#include <map>
#include <vector>

namespace coffer::goconf {

/// All that is needed to render some stacks of layers. Value; may go to another thread.
struct Material
{
    std::map<config::Hash, LayerPointer> layers = {}; ///< By manifest.
    config::Contents contents = {};
    std::map<QByteArray, std::vector<BoundSchema>> schemas = {}; ///< By service.
    Verdicts verdicts = {};                                      ///< Those that are known.

    /// All layers as one. An empty layer where there is none.
    [[nodiscard]] config::Merged merged(const Stack &stack) const;
    [[nodiscard]] config::Rendered render(const Stack &stack) const;
};

/// Layers that have a say in what is final below them: a fault each. \a names are theirs, the
/// lowest first, as people write them: "shop", "shop@sh001".
[[nodiscard]] std::vector<config::Fault>
violationsOf(const std::vector<config::Violation> &violations,
             const std::vector<QByteArray> &names);

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
    HostClass of;
    config::Fault fault;
    bool operator==(const ClassFault &) const = default;
};

/// What a release means for hosts: the blast radius. Value; pure.
struct Radius
{
    struct Class
    {
        HostClass of;
        std::vector<QByteArray> hosts; ///< By name.
        QByteArray diff;
    };
    std::vector<Class> classes;     ///< Those alone whose files change.
    std::vector<ClassFault> faults; ///< If there are any, nothing may be released.
    /// What schemas forbid, and layers that have a say in what is final below them: that may not be
    /// published, but be gone back to.
    std::vector<ClassFault> broken;
    Verdicts verdicts;         ///< That were found on the way.
    std::size_t documents = 0; ///< At how many schemas were tried.
    std::uint64_t hosts = 0;   ///< Different ones, of all classes.
    QByteArray text = {};      ///< All differences, for the hash in the record.

    [[nodiscard]] static Radius of(const std::vector<ClassChange> &changes,
                                   const Material &material,
                                   const std::map<QByteArray, HostRecord> &hosts);
};

inline constexpr std::size_t diffBytesMax = std::size_t(256) << 10; ///< Of one file.
inline constexpr std::size_t radiusBytesMax = std::size_t(2) << 20; ///< Of all shown differences.

} // namespace coffer::goconf
