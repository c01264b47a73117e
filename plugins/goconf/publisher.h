// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/library.h"
#include "goconf/radius.h"
#include "goconf/release_plan.h"
#include "goconf/schema_shelf.h"

#include "rpc/error.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::goconf {

/// Who asks for a release, and how.
struct ReleaseWish
{
    QByteArray message;
    std::vector<QByteArray> idcs = {};
    QByteArray change = {}; ///< The change that goes on, or is taken back.
    /// Chosen by who asks, 8 hex digits: the same wish again within an hour is not done again, but
    /// answered with what it did; another wish is refused. Empty: there is none.
    QByteArray key = {};
    config::Hash digest = {}; ///< Of all that is wished for, if there is a key.
    /// Has to be the number of hosts if that is above Publisher::hostsFree.
    std::optional<std::uint64_t> yes = {};
    bool isDryRun = false;
    /// Of layers of hosts, and mandatory for these: so long they last, by the applied time.
    std::optional<std::chrono::milliseconds> expires = {};
    Trace made;
    QByteArray address;
};
struct PublishWish
{
    ReleaseWish release;
    std::vector<DraftId> targets;
    std::vector<QByteArray> canary = {}; ///< For these hosts alone; empty: it becomes live.
    bool isReplacement = false;          ///< Of the candidate that is being tried.
    /// What has to be live for it to be right: version ("" for none) by (service, scope).
    std::map<std::pair<QByteArray, QByteArray>, QByteArray> expected = {};
};
struct RollbackWish
{
    ReleaseWish release;
    QByteArray service;
    QByteArray to = {};  ///< A version; else
    bool isUndo = false; ///< what was live before; else the change is taken back.
    /// An undo may go back behind different releases, each IDC to what was live in it before.
    bool isEach = false;
    bool isAbandoning = false; ///< A candidate that is being tried is given up with it.
    /// Instead of all that: the host whose own layer ends.
    QByteArray host = {};
};
/// What becomes of a candidate.
struct CanaryWish
{
    ReleaseWish release; ///< Without a message: that of the candidate.
    QByteArray service;
    QByteArray expected = {}; ///< The candidate's version; empty: whichever it is.
    bool isPromotion = true;  ///< It becomes live; else it is given up.
};

/// What a release did, or would do.
struct Released
{
    ReleasePlan plan;
    Radius radius;
    Revision revision = {}; ///< None of a dry run.
    /// It was done before, with the same key; then there is no plan and no radius.
    struct Earlier
    {
        QByteArray id;
        ReleaseRecord record;
    };
    std::optional<Earlier> earlier = {};
};
/// What is wrong with a draft.
struct Verdict
{
    std::vector<ClassFault> faults;
    std::vector<config::Conflict> conflicts;
    std::size_t documents = 0; ///< At how many schemas were tried.
};
/// Whether what is live fits the schemas, and the service as it was then.
struct LiveVerdict
{
    ServiceState state;
    Revision global; ///< Of the record of _global; none: there is none.
    std::vector<ClassFault> faults;
    std::size_t documents = 0;
};
/// INVALID_ARGUMENT for \a faults, of which there is at least one: all are in its details.
[[nodiscard]] rpc::Failure faultsFailure(const std::vector<ClassFault> &faults);

/// Publishes, rolls back, checks: reads what is there, plans (ReleasePlan), renders what hosts will
/// get (Radius), stores objects and commits one transaction. Heavy work is done on another thread.
///
/// If what a plan rests on changes meanwhile, it is made anew, some times. An outcome that is not
/// known is found out by the record of the release, whose id is the same whenever it is sent; only
/// if no leader can be asked for long the answer is UNKNOWN_OUTCOME, which names the id. Node
/// thread.
class Publisher
{
public:
    static constexpr std::uint64_t hostsFree = 20; ///< So many hosts need no `yes`.
    static constexpr int planTries = 5;

    /// All must outlive this.
    Publisher(pluginapi::PluginContext &context, Library &library, Drafts &drafts,
              SchemaShelf &schemas)
        : m_context(context), m_library(library), m_drafts(drafts), m_schemas(schemas)
    {}
    Publisher(const Publisher &) = delete;
    Publisher &operator=(const Publisher &) = delete;
    ~Publisher() = default;

    /// REFUSED: nothing is pending, or hosts need a `yes`. INVALID_ARGUMENT with details.faults.
    /// CONFLICT with details.conflicts, or details.expected.
    [[nodiscard]] Task<rpc::Answer<Released>> publish(PublishWish wish);
    [[nodiscard]] Task<rpc::Answer<Released>> rollback(RollbackWish wish);
    /// Ends the layer of a host, once the applied time has reached \a until. Nothing: that is not
    /// so yet, or it ends at another time by now.
    [[nodiscard]] Task<rpc::Answer<std::optional<Released>>> expire(QByteArray service,
                                                                    QByteArray host, WallMs until);
    /// REFUSED: there is no candidate. CONFLICT: it is another one.
    [[nodiscard]] Task<rpc::Answer<Released>> endCanary(CanaryWish wish);
    /// With a \a trial only that schema counts.
    [[nodiscard]] Task<rpc::Answer<Verdict>> validate(DraftId id,
                                                      std::optional<BoundSchema> trial = {});
    /// Tries the schemas of a service, or the \a trial alone, on all that is live of it.
    [[nodiscard]] Task<rpc::Answer<LiveVerdict>> tryLive(QByteArray service,
                                                         std::optional<BoundSchema> trial = {});

private:
    struct Desk;
    using DeskPointer = std::shared_ptr<Desk>; // shared by the coroutines of one attempt

    /// Nothing: what it rests on has changed, plan again.
    using Attempt = rpc::Answer<std::optional<Released>>;

    /// Some attempts, until what one rests on has not changed when it ends.
    template<class Wish>
    [[nodiscard]] Task<rpc::Answer<Released>>
    untilPlanned(Task<Attempt> (Publisher::*attempt)(Wish), Wish wish);
    [[nodiscard]] Task<Result<DeskPointer>> open();
    [[nodiscard]] Task<Attempt> tryPublish(PublishWish wish);
    [[nodiscard]] Task<Attempt> tryRollback(RollbackWish wish);
    [[nodiscard]] Task<rpc::Answer<bool>> planEnd(DeskPointer desk, ServiceState state,
                                                  QByteArray host);
    [[nodiscard]] Task<Attempt> tryEndCanary(CanaryWish wish);
    /// Takes what the candidate has of a draft of \a scope; what was edited since rests on it.
    [[nodiscard]] Task<Result<void>> takeCandidate(DeskPointer desk, ServiceState state,
                                                   QByteArray scope);
    [[nodiscard]] Task<Result<void>> rebase(DeskPointer desk, DraftState draft, ScopeState scope);
    [[nodiscard]] Task<rpc::Answer<bool>> planService(DeskPointer desk, PublishWish wish,
                                                      QByteArray service);
    [[nodiscard]] Task<rpc::Answer<bool>> planEditions(DeskPointer desk, PublishWish wish,
                                                       ServiceState state);
    [[nodiscard]] Task<rpc::Answer<bool>> planContinuation(DeskPointer desk, ServiceState state,
                                                           ReleaseWish wish);
    /// Which scopes go to which version.
    using Versions = std::map<QByteArray, QByteArray>;
    [[nodiscard]] Task<rpc::Answer<Versions>> versionsOf(DeskPointer desk, ServiceState state,
                                                         RollbackWish wish);
    /// What was live before the last release of a service, wherever that went.
    [[nodiscard]] Task<Result<Versions>> lastSwitch(DeskPointer desk, ServiceState state);
    [[nodiscard]] Task<rpc::Answer<Versions>> holdersOf(DeskPointer desk, ServiceState state,
                                                        QByteArray version);
    [[nodiscard]] Task<rpc::Answer<Versions>> versionsBefore(DeskPointer desk, ServiceState state,
                                                             QByteArray change);
    /// What was done with the key of \a wish, as of desk->at: what comes later fails at the plan's
    /// guards. CONFLICT if that was something else.
    [[nodiscard]] Task<Attempt> releasedEarlier(DeskPointer desk, ReleaseWish wish);
    [[nodiscard]] Task<Result<store::Reply>> releasePage(store::Range range);
    [[nodiscard]] Task<Result<void>> planMove(DeskPointer desk, ServiceState state,
                                              QByteArray scope, QByteArray version);

    [[nodiscard]] Task<Result<ReleasePlan::Edition>> makeEdition(DeskPointer desk, DraftState draft,
                                                                 config::Hash live);
    [[nodiscard]] Task<Result<LayerPointer>> layerOn(DeskPointer desk, config::Hash manifest);
    [[nodiscard]] Task<Result<ReleasePlan::Around>> around(DeskPointer desk);
    [[nodiscard]] Task<Result<Radius>> radiusOf(DeskPointer desk, std::vector<ClassChange> changes);
    [[nodiscard]] Task<Result<void>> layOutSchemas(DeskPointer desk,
                                                   std::vector<ClassChange> changes);
    [[nodiscard]] Task<Result<void>> guardPlaces(DeskPointer desk);
    [[nodiscard]] Task<Attempt> finish(DeskPointer desk, ReleaseWish wish);
    [[nodiscard]] Task<rpc::Answer<std::optional<Revision>>> commit(QByteArray id,
                                                                    store::Transaction transaction);
    [[nodiscard]] static std::optional<rpc::Failure> unknownPlace(const Desk &desk,
                                                                  const DraftId &id);
    [[nodiscard]] static QByteArray newId(WallMs time, const QByteArray &key);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
    SchemaShelf &m_schemas;
};

} // namespace coffer::goconf
