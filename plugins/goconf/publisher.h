// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/library.h"
#include "goconf/radius.h"
#include "goconf/release_plan.h"

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
    Trace made;
    QByteArray address;
};
struct PublishWish
{
    ReleaseWish release;
    std::vector<DraftId> targets;
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
};

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
    Publisher(pluginapi::PluginContext &context, Library &library, Drafts &drafts)
        : m_context(context), m_library(library), m_drafts(drafts)
    {}
    Publisher(const Publisher &) = delete;
    Publisher &operator=(const Publisher &) = delete;
    ~Publisher() = default;

    /// REFUSED: nothing is pending, or hosts need a `yes`. INVALID_ARGUMENT with details.faults.
    /// CONFLICT with details.conflicts, or details.expected.
    [[nodiscard]] Task<rpc::Answer<Released>> publish(PublishWish wish);
    [[nodiscard]] Task<rpc::Answer<Released>> rollback(RollbackWish wish);
    [[nodiscard]] Task<rpc::Answer<Verdict>> validate(DraftId id);

private:
    struct Desk;
    using DeskPointer = std::shared_ptr<Desk>; // shared by the coroutines of one attempt

    /// Nothing: what it rests on has changed, plan again.
    using Attempt = rpc::Answer<std::optional<Released>>;

    [[nodiscard]] Task<Result<DeskPointer>> open();
    [[nodiscard]] Task<Attempt> tryPublish(PublishWish wish);
    [[nodiscard]] Task<Attempt> tryRollback(RollbackWish wish);
    [[nodiscard]] Task<rpc::Answer<bool>> planService(DeskPointer desk, PublishWish wish,
                                                      QByteArray service);
    [[nodiscard]] Task<rpc::Answer<bool>> planContinuation(DeskPointer desk, ServiceState state,
                                                           ReleaseWish wish);
    /// Which scopes go to which version.
    using Versions = std::map<QByteArray, QByteArray>;
    [[nodiscard]] Task<rpc::Answer<Versions>> versionsOf(DeskPointer desk, ServiceState state,
                                                         RollbackWish wish);
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
    [[nodiscard]] Task<Result<Radius>> radiusOf(DeskPointer desk);
    [[nodiscard]] Task<Result<void>> guardIdcs(DeskPointer desk);
    [[nodiscard]] Task<Attempt> finish(DeskPointer desk, ReleaseWish wish);
    [[nodiscard]] Task<rpc::Answer<std::optional<Revision>>> commit(QByteArray id,
                                                                    store::Transaction transaction);
    [[nodiscard]] static QByteArray newId(WallMs time, const QByteArray &key);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
