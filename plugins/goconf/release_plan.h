// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/paths.h"
#include "goconf/service_state.h"

#include "store/command.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace coffer::goconf {

/// A scope whose pointer a release sets.
struct Move
{
    QByteArray service;
    QByteArray scope;
    QByteArray from = {}; ///< What was live before; "" for nothing.
    QByteArray to = {};
    Snapshot before = {}; ///< Without layers if nothing was live.
    Snapshot after = {};
    bool isSnapshotNew = false; ///< \c after is to be written.
    /// The scope followed the base layer so far: its copy of what was live there.
    std::optional<Snapshot> kept = {};
    /// It only says that the scope stays where it is while the base layer moves on.
    bool isPin = false;
    Pointer pointer = {};   ///< As it is to be.
    Revision revision = {}; ///< Of the pointer that is there; none: there is none.

    /// The first of a service in this IDC, which must be there.
    [[nodiscard]] bool isFirst() const { return revision.isNone() && scope != baseScope; }
};

/// What changes for the hosts of one service in one IDC. "_all" stands for all if there is no IDC.
struct ClassChange
{
    QByteArray service;
    QByteArray idc;
    Snapshot before;
    Snapshot after;
};

/// One release: from what is live to the one transaction that changes it. Value; pure.
///
/// add...() for each service, then transaction(). Whoever commits it gets all of it or nothing: it
/// holds only if nothing that the plan rests on has changed.
class ReleasePlan
{
public:
    static constexpr std::size_t entryBytesMax = 65'536;

    struct Order
    {
        ReleaseRecord::Kind kind = ReleaseRecord::Kind::publish;
        QByteArray id;
        QByteArray change; ///< The own id, but for the later releases of a change.
        QByteArray message;
        Trace made;
        QByteArray address;
        config::Hash wish = {}; ///< Of the call, if it has a key.
    };
    explicit ReleasePlan(Order order) : m_order(std::move(order)) {}

    /// A new layer of a scope, as it is stored.
    struct Edition
    {
        config::Hash manifest; ///< Null: it is empty.
        std::uint64_t pieces = 0;
    };
    using Editions = std::map<QByteArray, Edition>; ///< By scope.
    /// Where a release of the base layer goes to.
    struct Reach
    {
        std::vector<QByteArray> idcs;      ///< All that there are.
        std::vector<QByteArray> only = {}; ///< If any: these alone move now, with the base layer.
    };
    /// A new version of a service from new layers of some scopes.
    [[nodiscard]] Result<void> addPublish(const ServiceState &state, const Editions &editions,
                                          const Reach &reach);
    /// What the base layer has already, for some IDCs that do not have it yet. \a stored: snapshots
    /// of that version which are there from an earlier time, by IDC.
    [[nodiscard]] Result<void> addContinuation(const ServiceState &state, const Reach &reach,
                                               const std::map<QByteArray, Snapshot> &stored);
    /// One scope back, or forth, to a version that was built for it. \a isStored: in this scope
    /// rather than in that of the base layer.
    [[nodiscard]] Result<void> addRollback(const ServiceState &state, const QByteArray &scope,
                                           const Snapshot &snapshot, const QByteArray &version,
                                           bool isStored);

    /// The draft whose changes are in it, as it was read at \a at.
    struct Taken
    {
        DraftId id;
        Revision edited;       ///< Of editedPath().
        std::size_t files = 0; ///< All of its files.
        Revision at;
    };
    void take(Taken taken) { m_taken.push_back(std::move(taken)); }
    /// Drafts that the transaction marks as published rather than removes: their files are more
    /// than one transaction may touch, so that they are to be swept after it.
    [[nodiscard]] std::vector<DraftId> marked() const;
    /// A file that must not go meanwhile.
    void guardFile(const QByteArray &path, Revision created)
    {
        m_files.insert_or_assign(path, created);
    }

    [[nodiscard]] const Order &order() const { return m_order; }
    [[nodiscard]] const std::vector<Move> &moves() const { return m_moves; }
    /// What hosts may notice, by service and IDC; \a idcs: all that there are.
    [[nodiscard]] std::vector<ClassChange> classes(const std::vector<QByteArray> &idcs) const;
    [[nodiscard]] ReleaseRecord record(std::uint64_t hosts, const config::Hash &diff) const;
    /// `refused` if its entry in the log would be too large.
    [[nodiscard]] Result<store::Transaction> transaction(const ReleaseRecord &record) const;

private:
    struct Service
    {
        ServiceState state;
        std::uint64_t last = 0; ///< As it is to be.
    };

    [[nodiscard]] Move moveOf(const ServiceState &state, const QByteArray &scope) const;
    void setTarget(Move &move, const QByteArray &version) const;
    void addPins(const ServiceState &state, const Reach &reach);
    void addGuards(store::Transaction &transaction) const;
    void addMove(store::Transaction &transaction, const Move &move) const;

    Order m_order;
    std::vector<Service> m_services;
    std::vector<Move> m_moves;
    std::vector<Taken> m_taken;
    std::map<QByteArray, Revision> m_files; ///< By what created them.
};

/// Draft files that one transaction removes; drafts beyond it are marked as published, and their
/// files are removed afterwards.
inline constexpr std::size_t removedFilesMax = 5'000;

/// The value of takenPath(): changes up to this revision were published.
[[nodiscard]] QByteArray takenMark(Revision upTo);
/// The way back; none if it is nothing of that kind.
[[nodiscard]] Revision takenUpTo(const QByteArray &mark);

} // namespace coffer::goconf
