// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/paths.h"
#include "goconf/stack.h"

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
    /// What is live stays, and only the candidate of the scope is another one.
    bool isTrial = false;
    /// Who got, and who is to get, something else than what is live in the scope.
    struct Trial
    {
        std::vector<QByteArray> hosts = {};
        Snapshot snapshot = {};
    };
    Trial tried = {};
    Trial toTry = {};
    Pointer pointer = {};   ///< As it is to be.
    Revision revision = {}; ///< Of the pointer that is there; none: there is none.

    [[nodiscard]] const Snapshot &liveAfter() const { return isTrial ? before : after; }
    /// The first of a service in this IDC, which must be there.
    [[nodiscard]] bool isFirst() const
    {
        return revision.isNone() && scope != baseScope && !hostOfScope(scope);
    }
};

/// What changes for the hosts of a class. "_all" stands for all if there is no IDC.
struct ClassChange
{
    HostClass of;
    Stack before;
    Stack after;
    /// These hosts alone; nothing: all but \c others.
    std::optional<std::set<QByteArray>> only = {};
    std::set<QByteArray> others = {};

    [[nodiscard]] bool isOf(const QByteArray &host) const
    {
        return only ? only->contains(host) : !others.contains(host);
    }
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
        config::Hash wish = {};    ///< Of the call, if it has a key.
        QByteArray candidate = {}; ///< The release whose candidate this one ends.
        WallMs notBefore{0};       ///< The applied time that has to be reached; 0: any.
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
        std::vector<QByteArray> idcs;       ///< All that there are.
        std::vector<QByteArray> only = {};  ///< If any: these alone move now, with the base layer.
        WallMs until{0};                    ///< When layers of hosts end that are released.
        std::set<QByteArray> extended = {}; ///< Scopes of hosts that stay as they are until then.
    };
    /// For whom a new version is to be a candidate, and which changes are in it; by scope.
    struct Canary
    {
        std::map<QByteArray, std::vector<QByteArray>> hosts = {};
        std::map<QByteArray, std::pair<QByteArray, Revision>> drafts = {}; ///< Name, up to where.
    };
    /// The scopes that addPublish() moves.
    [[nodiscard]] static std::set<QByteArray> scopesOf(const Editions &editions,
                                                       const Reach &reach);
    /// A new version of a service from new layers of some scopes. With \a canary what is live
    /// stays, and the version is the candidate in place of any other.
    [[nodiscard]] Result<void> addPublish(const ServiceState &state, const Editions &editions,
                                          const Reach &reach,
                                          const std::optional<Canary> &canary = {});
    /// The candidate becomes live wherever it is.
    void addPromotion(const ServiceState &state);
    /// There is no candidate any more, in scopes that nothing else was added for. \a isShown: the
    /// record says so of each.
    void addAbandonment(const ServiceState &state, bool isShown);
    /// What the base layer has already, for some IDCs that do not have it yet. \a stored: snapshots
    /// of that version which are there from an earlier time, by IDC.
    [[nodiscard]] Result<void> addContinuation(const ServiceState &state, const Reach &reach,
                                               const std::map<QByteArray, Snapshot> &stored);
    /// One scope back, or forth, to a version that was built for it; "": to nothing. \a isStored:
    /// in this scope rather than in that of the base layer.
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
        bool hasNewer = false; ///< It was edited after \c at; that stays.
    };
    void take(Taken taken) { m_taken.push_back(std::move(taken)); }
    /// A pending change that stays, as it is to be; nothing: it is what will be live.
    void rebase(const QByteArray &path, const std::optional<DraftRecord> &change)
    {
        m_rebased.insert_or_assign(path, change);
    }
    /// Drafts that the transaction marks as published rather than removes: their files are more
    /// than one transaction may touch, so that they are to be swept after it.
    [[nodiscard]] std::vector<DraftId> marked() const;
    /// The record says that this was tried until now.
    void end(const Candidate &candidate) { m_order.candidate = candidate.release; }
    /// A file that must not go meanwhile.
    void guardFile(const QByteArray &path, Revision created)
    {
        m_files.insert_or_assign(path, created);
    }

    /// A file that must be as it was; none: that must not be there.
    void restOn(const QByteArray &path, Revision revision)
    {
        m_grounds.insert_or_assign(path, revision);
    }

    [[nodiscard]] const Order &order() const { return m_order; }
    [[nodiscard]] const std::vector<Move> &moves() const { return m_moves; }
    /// Something that every host gets besides its services.
    [[nodiscard]] bool movesGlobal() const;
    /// What a release meets besides what it moves.
    struct Around
    {
        std::vector<QByteArray> idcs = {}; ///< All that there are.
        std::map<QByteArray, HostRecord> hosts = {};
        Services services = {}; ///< _global; of a release of that all.
    };
    /// Whose hosts get something else.
    [[nodiscard]] std::vector<ClassChange> classes(const Around &around) const;
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
    void addExtension(const ServiceState &state, const QByteArray &scope, WallMs until);
    void setCandidate(Move &move, const ServiceState &state, const Canary &canary) const;
    void finishSnapshot(Move &move) const;
    [[nodiscard]] Pointer standing(const Move &move, const ServiceState &state) const;
    [[nodiscard]] bool hasMove(const QByteArray &service, const QByteArray &scope) const;
    void addService(const ServiceState &state, std::uint64_t last);
    void addPins(const ServiceState &state, const Reach &reach, bool isCanary);
    void addGuards(store::Transaction &transaction) const;
    void addMove(store::Transaction &transaction, const Move &move) const;

    Order m_order;
    std::vector<Service> m_services;
    std::vector<Move> m_moves;
    std::vector<Taken> m_taken;
    std::map<QByteArray, std::optional<DraftRecord>> m_rebased; ///< By path.
    std::map<QByteArray, Revision> m_files;                     ///< By what created them.
    std::map<QByteArray, Revision> m_grounds;
};

/// Draft files that one transaction removes; drafts beyond it are marked as published, and their
/// files are removed afterwards.
inline constexpr std::size_t removedFilesMax = 5'000;

/// The value of takenPath(): changes up to this revision were published.
[[nodiscard]] QByteArray takenMark(Revision upTo);
/// The way back; none if it is nothing of that kind.
[[nodiscard]] Revision takenUpTo(const QByteArray &mark);

} // namespace coffer::goconf
