// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "config/change.h"
#include "config/hash.h"

#include <QByteArray>

#include <map>
#include <optional>
#include <vector>

/// The records of configuration in the store: compact JSON, so that people can read them. Values.
///
/// Each has parse(), which is strict (a member that is unknown, missing where it is needed, or of
/// another type is `corrupt`, which names it), and toJson(); parse(toJson()) is the same record.
/// Times are milliseconds since 1970.
namespace coffer::goconf {

/// Who did something, and when.
struct Trace
{
    QByteArray by = {};
    WallMs at{0};
    bool operator==(const Trace &) const = default;
};

/// A JSON Schema that a service has; its text is an object.
struct SchemaMark
{
    config::Hash hash = {};
    std::uint64_t bytes = 0;
    Trace made = {};
    bool operator==(const SchemaMark &) const = default;
};

/// /config/_service/<service>
struct ServiceRecord
{
    static constexpr std::size_t schemasMax = 32;

    std::uint64_t last = 0; ///< The highest number that a version has got.
    QByteArray note = {};
    Trace made = {};
    /// By the path of the file or output that it describes; "": the keys.
    std::map<QByteArray, SchemaMark> schemas = {};

    [[nodiscard]] static Result<ServiceRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const ServiceRecord &) const = default;
};

/// /config/_idc/<idc>
struct IdcRecord
{
    QByteArray note = {};
    Trace made = {};

    [[nodiscard]] static Result<IdcRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const IdcRecord &) const = default;
};

/// /config/_host/<host>
struct HostRecord
{
    QByteArray idc = {};
    std::vector<QByteArray> services = {}; ///< "*" alone stands for all.
    std::map<QByteArray, QByteArray> labels = {};
    QByteArray note = {};
    Trace made = {};
    config::Hash joinHash = {};   ///< SHA-256 of the token that lets it join; null: none is out.
    WallMs joinUntil{0};          ///< When that token ends.
    config::Hash secretHash = {}; ///< SHA-256 of its own secret; null: it never joined.

    [[nodiscard]] bool wants(const QByteArray &service) const;
    [[nodiscard]] static Result<HostRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const HostRecord &) const = default;
};

/// A version that some hosts try before it becomes live for all: part of a pointer.
struct Candidate
{
    QByteArray version = {};
    QByteArray release = {};            ///< The id of the release that built it.
    std::vector<QByteArray> hosts = {}; ///< By name: those of this scope that get it.
    QByteArray draft = {};              ///< Whose changes are in it; "": none of this scope.
    Revision upTo = {};                 ///< Changes of the draft up to this revision are.
    Trace made = {};

    [[nodiscard]] bool names(const QByteArray &host) const;
    bool operator==(const Candidate &) const = default;
};

/// /config/<service>/<scope>/current
struct Pointer
{
    QByteArray current = {};  ///< The live version; "": nothing is live in this scope.
    QByteArray previous = {}; ///< What was live before the last switch; "" if nothing.
    QByteArray last = {};     ///< The newest version built in this scope.
    QByteArray release = {};  ///< The id of the release that made that live.
    Trace made = {};
    std::optional<Candidate> candidate = {}; ///< What some hosts get in its place.
    /// Of the layer of a host: when it ends, by the applied time; 0: there is no end.
    WallMs until{0};

    [[nodiscard]] static Result<Pointer> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const Pointer &) const = default;
};

/// /config/<service>/<scope>/snapshot/<version>: never changed.
struct Snapshot
{
    QByteArray parent = {}; ///< The version that was live before; "" for the first.
    config::Hash hash = {}; ///< contentHash(base, own): equal content has equal hashes.
    QByteArray author = {};
    WallMs at{0};
    QByteArray note = {};     ///< The message of the release.
    config::Hash base = {};   ///< The manifest of the base layer; null: it is empty.
    config::Hash own = {};    ///< That of the scope's own layer; null: it is empty.
    QByteArray release = {};  ///< The id of the release that built it.
    std::uint64_t pieces = 0; ///< How many objects its layers are made of, files not counted.

    [[nodiscard]] static config::Hash contentHash(const config::Hash &base,
                                                  const config::Hash &own);
    /// `corrupt` too if the hash is not that of its layers.
    [[nodiscard]] static Result<Snapshot> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const Snapshot &) const = default;
};

/// /config/_release/<id>: what was done, for ever.
struct ReleaseRecord
{
    enum class Kind { publish, rollback, undo, canary, abandon, expire };
    struct Target
    {
        QByteArray scope;
        QByteArray from; ///< "" if nothing was live.
        QByteArray to;
        bool operator==(const Target &) const = default;
    };
    struct Service
    {
        QByteArray service;
        std::vector<Target> targets = {};
        bool operator==(const Service &) const = default;
    };

    Kind kind = Kind::publish;
    QByteArray change = {}; ///< The id of the first release of the change that this belongs to.
    std::vector<Service> services = {};
    QByteArray message = {};
    Trace made = {};
    QByteArray from = {};    ///< The address of who asked.
    std::uint64_t hosts = 0; ///< Whose files it changed, as far as they were known.
    config::Hash diff = {};  ///< Of the text that shows the difference.
    config::Hash wish = {};  ///< Of all that was asked for, if a key was given; else null.
    std::vector<QByteArray> canary = {}; ///< Those who get it, if it is for some hosts alone.
    /// The id of the release that built the candidate which this one ended: a publish made it
    /// live, a canary replaced it, others gave it up. "": there was none.
    QByteArray candidate = {};

    [[nodiscard]] static Result<ReleaseRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const ReleaseRecord &) const = default;
};
/// "publish", "rollback", "undo", "canary", "abandon", "expire".
[[nodiscard]] QByteArray nameOf(ReleaseRecord::Kind kind);

/// One file of a draft: a pending change.
struct DraftRecord
{
    Trace made = {};
    config::Change change;

    [[nodiscard]] static Result<DraftRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const DraftRecord &) const = default;
};

/// /config/<service>/<idc>/agent/<host>: what a host says of itself.
struct ReportRecord
{
    QByteArray version = {};
    config::Hash root = {};
    QByteArray state = {};
    QByteArray error = {};
    QByteArray via = {}; ///< The node that wrote it.
    WallMs at{0};
    WallMs since{0}; ///< Since when it is in this state.
    QByteArray instance = {};
    QByteArray address = {};
    QByteArray agent = {};   ///< The version of its program.
    QByteArray release = {}; ///< The id of the release that was tried last.
    QByteArray tried = {};   ///< The version that it offered; "" if the host has not said.

    [[nodiscard]] static Result<ReportRecord> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const ReportRecord &) const = default;
};

} // namespace coffer::goconf
