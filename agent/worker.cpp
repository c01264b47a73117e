// SPDX-License-Identifier: Apache-2.0
#include "agent/worker.h"

#include "agent/log.h"
#include "net/spawn.h"

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A hold without an end: until it is released.
static constexpr WallMs forEver = std::chrono::hours(24) * 36'500;
/// Timers are asked again this often: the wall clock may jump.
static constexpr milliseconds holdCheckMax = 60s;

/// Counts what is under way, so that nothing outlives the worker.
class Worker::Busy
{
public:
    explicit Busy(Worker &worker) : m_worker(worker) { ++m_worker.m_underWay; }
    ~Busy()
    {
        if (--m_worker.m_underWay == 0)
            QMetaObject::invokeMethod(&m_worker, &Worker::idle, Qt::QueuedConnection);
    }
    Q_DISABLE_COPY_MOVE(Busy)

private:
    Worker &m_worker;
};

static QString textOf(const std::vector<FileDiff> &files)
{
    QByteArray text;
    for (const FileDiff &file : files)
        text += file.text.endsWith('\n') ? file.text : file.text + '\n';
    return QString::fromUtf8(text);
}

Worker::Worker(Target target, QString state, std::unique_ptr<Actions> actions, World world)
    : m_target(std::move(target))
    , m_actions(std::move(actions))
    , m_world(world)
    , m_switcher(m_target, state.toUtf8(), {world.files, *m_actions, world.clock, world.random})
    , m_origins(world.files, state.toUtf8(), m_target.service)
    , m_applyBackoff(10s, 300s)
    , m_fetchBackoff(1s, 60s)
{
    m_report.service = service();
    m_report.state = u"unknown"_s;
    m_again.setSingleShot(true);
    m_holdEnd.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &Worker::kick);
    connect(&m_holdEnd, &QTimer::timeout, this, &Worker::kick);
    m_originsDue.setSingleShot(true);
    connect(&m_originsDue, &QTimer::timeout, this, [this] {
        if (m_done)
            spawn(askForOrigins(*m_done), "ask for origins");
    });
}

void Worker::setNetwork(client::Client *client, Follower *follower, Reporter *reporter)
{
    m_world.client = client;
    m_world.follower = follower;
    m_world.reporter = reporter;
    if (reporter != nullptr && m_report.state != u"unknown")
        reporter->report(m_report);
}

Result<void> Worker::getReady()
{
    if (m_world.duty != Duty::look) {
        if (Result<void> recovered = m_switcher.recover(); !recovered)
            return recovered;
        return m_switcher.checkDestination();
    }
    if (Result<void> looked = m_switcher.look(); !looked)
        return looked;
    if (const auto unfinished = m_switcher.unfinished())
        return Error{ErrorCode::conflict,
                     u"a switch to %1 has begun and is not confirmed; the agent undoes it when it "
                     u"starts"_s.arg(QString::fromUtf8(unfinished->version))};
    return {};
}

void Worker::recover()
{
    const Result<void> ready = getReady();
    if (const auto applied = m_switcher.applied())
        qCInfo(logAgent).noquote()
            << service() << "is at" << applied->version << "root" << applied->root.brief();
    if (!ready) {
        qCWarning(logAgent).noquote()
            << service() << "cannot be made ready:" << ready.error().message;
        m_failure = Trouble{u"failed"_s, ready.error().message};
    }
    say();
    if (m_world.duty != Duty::look)
        spawn(settle(), "settle");
}

/// The reload that a crash left owed.
Task<void> Worker::settle()
{
    const Busy busy(*this);
    const Result<void> settled = co_await m_switcher.settle();
    if (settled)
        co_return;
    m_failure = Trouble{u"failed"_s, settled.error().message};
    say();
}

bool Worker::isHeld() const
{
    const auto until = m_switcher.heldUntil();
    return until && *until > m_world.clock.wall();
}

ServiceStatus Worker::status() const
{
    ServiceStatus status{.report = m_report,
                         .applied = m_switcher.applied(),
                         .wanted = m_wanted,
                         .heldUntil = isHeld() ? m_switcher.heldUntil() : std::nullopt,
                         .tries = m_tries,
                         .isBusy = m_underWay > 0};
    status.isGivenUp = m_tries >= triesMax;
    return status;
}

bool Worker::isSettled() const
{
    return m_underWay == 0 && (!m_again.isActive() || (m_tries > 0 && m_failure));
}

/// A failure is said first: drift does not hide that something else is wanted.
Worker::Trouble Worker::trouble() const
{
    if (m_failure && m_drift) {
        const QString drift = u"; "_s + m_drift->error;
        const auto room = std::max<qsizetype>(Report::errorCharactersMax - drift.size(), 0);
        constexpr int half = Report::outputBytesMax / 2;
        return {m_failure->state, m_failure->error.left(room) + drift,
                QString::fromUtf8(m_failure->output.toUtf8().right(half - 1)) + u'\n'
                    + QString::fromUtf8(m_drift->output.toUtf8().left(half)),
                m_failure->tried};
    }
    if (m_failure || m_drift)
        return m_failure ? *m_failure : *m_drift;
    if (isHeld())
        return {u"held"_s, m_holdReason};
    // Nothing that is wanted is missing: also where nothing was ever applied, and a failure was
    // said.
    const auto applied = m_switcher.applied();
    if (!applied && m_report.state == u"unknown")
        return {u"unknown"_s, {}};
    const bool isOfOffer = m_done && applied && m_done->root == applied->root.hex();
    return {u"healthy"_s, {}, {}, isOfOffer ? m_done : std::nullopt};
}

/// Says how it stands.
void Worker::say()
{
    const auto applied = m_switcher.applied();
    const Trouble said = trouble();
    m_report.state = said.state;
    m_report.error = said.error;
    m_report.output = said.output.toUtf8();
    m_report.tried = said.tried ? said.tried->version : QString();
    m_report.triedId = said.tried ? said.tried->id : QString();
    m_report.version = applied ? QString::fromUtf8(applied->version) : QString();
    m_report.root = applied ? applied->root.hex() : QByteArray();
    if (m_world.reporter != nullptr && m_report.state != u"unknown")
        m_world.reporter->report(m_report);
    Q_EMIT changed(service());
}

void Worker::want(const Wanted &wanted)
{
    if (m_isRetired)
        return;
    if (m_wanted == wanted) {
        if (std::exchange(m_needsOffer, false)) {
            m_again.stop();
            kick();
            return;
        }
        // Nothing was switched: one more try at each poll, for the disk may have room by now.
        if (m_tries >= triesMax && m_failure && m_failure->state == u"failed") {
            m_tries = triesMax - 1;
            m_taken.reset();
            kick();
        }
        return;
    }
    m_wanted = wanted;
    m_needsOffer = false;
    m_tries = 0;
    m_applyBackoff.reset();
    m_fetchBackoff.reset();
    m_again.stop();
    kick();
}

void Worker::withdraw()
{
    if (m_taken && !isHeld()) // else it is a rollback of this host that is under way
        m_switcher.cancel();
    m_wanted.reset();
    m_taken.reset();
    m_again.stop();
    m_tries = 0;
    m_failure.reset();
    say();
}

/// Does what there is to do, if anything.
void Worker::kick()
{
    if (m_isRetired || m_isFetching || m_world.duty != Duty::keep)
        return;
    if (isHeld()) {
        say();
        const milliseconds left = *m_switcher.heldUntil() - m_world.clock.wall();
        m_holdEnd.start(std::clamp(left, 1ms, holdCheckMax));
        return;
    }
    if (m_report.state == u"held")
        say();
    if (!m_wanted || m_taken == m_wanted)
        return;
    const auto applied = m_switcher.applied();
    // While another version is being applied, what is applied is about to be another one.
    const bool isThere = !m_switcher.isBusy() && m_switcher.isWhole() && !m_isBundleLost && applied
                         && applied->root.hex() == m_wanted->root
                         && QString::fromUtf8(applied->version) == m_wanted->version
                         && QString::fromUtf8(applied->release) == m_wanted->release
                         && m_switcher.checkDestination();
    if (isThere) {
        m_taken = m_wanted;
        m_done = m_wanted;
        m_failure.reset();
        say();
        if (!m_origins.read(applied->root))
            askForOriginsSoon();
        return;
    }
    if (m_again.isActive())
        return; // It is tried again later.
    m_needsOffer = false;
    spawn(fetchAndApply(), "fetch");
}

Task<Result<QByteArray>> Worker::obtain(Wanted wanted)
{
    const auto root = config::Hash::fromHex(wanted.root);
    if (!root)
        co_return Error{ErrorCode::corrupt, u"the node offered a root that is no hash: %1"_s.arg(
                                                QString::fromLatin1(wanted.root.left(80)))};
    Result<QByteArray> kept = m_switcher.bundleBytes(*root);
    if (kept)
        co_return kept;
    if (m_world.client == nullptr || m_world.follower->ticket().isEmpty())
        co_return Error{ErrorCode::unavailable, u"no node is followed"_s};
    FetchBase base;
    if (const auto applied = m_switcher.applied()) {
        Result<QByteArray> bytes = m_switcher.bundleBytes(applied->root);
        if (bytes)
            base = {applied->root.hex(), std::move(*bytes)};
    }
    Result<QByteArray> fetched =
        co_await fetchBundle(*m_world.client, m_world.follower->ticket(), wanted, base);
    co_return fetched;
}

Task<void> Worker::fetchAndApply()
{
    const Busy busy(*this);
    m_isFetching = true;
    // What fails at once, as on a full disk, has set m_again when spawn() returns.
    while (m_wanted && m_wanted != m_taken && !m_isRetired && !isHeld() && !m_again.isActive()) {
        const Wanted wanted = *m_wanted;
        const Result<QByteArray> bundle = co_await obtain(wanted);
        if (m_isRetired || isHeld())
            break;
        if (m_wanted != wanted)
            continue; // A newer offer came meanwhile.
        if (!bundle) {
            onNotFetched(bundle.error());
            break;
        }
        m_taken = wanted;
        spawn(apply(wanted, *bundle), "apply");
    }
    m_isFetching = false;
    if (isHeld())
        kick(); // It says so, and looks again when that ends.
}

/// Not at once: all hosts of a release would ask while others still take it up.
void Worker::askForOriginsSoon()
{
    const auto delay = m_world.random.below(std::uint64_t(originsWithin.count()));
    m_originsDue.start(std::chrono::milliseconds(delay));
}

/// Once: it is advice, which a later version brings again.
Task<void> Worker::askForOrigins(Wanted wanted)
{
    const Busy busy(*this);
    const auto root = config::Hash::fromHex(wanted.root);
    if (!root || m_isRetired || m_world.client == nullptr || m_world.follower == nullptr
        || m_world.follower->ticket().isEmpty())
        co_return;
    const Result<config::OriginList> list =
        co_await fetchOrigins(*m_world.client, m_world.follower->ticket(), wanted);
    const auto applied = m_switcher.applied();
    if (m_isRetired || !applied || applied->root != *root)
        co_return;
    Result<void> kept = list ? m_origins.keep(*root, *list) : Result<void>(list.error());
    if (kept)
        kept = m_origins.sweep(m_switcher.generations());
    if (!kept)
        qCDebug(logAgent).noquote()
            << service() << "where it comes from is not known:" << kept.error().message;
}

bool Worker::mayTryAgain()
{
    if (++m_tries >= triesMax)
        return false;
    m_taken.reset();
    m_again.start(m_applyBackoff.next(m_world.random));
    return true;
}

void Worker::onNotFetched(const Error &why)
{
    // Another node says the same offer again when it is followed: then there is nothing to wait
    // for.
    const bool isFirst = m_tries == 0;
    m_needsOffer =
        why.code == ErrorCode::unavailable || (why.code == ErrorCode::notFound && isFirst);
    if (why.code == ErrorCode::unavailable) {
        m_again.start(m_fetchBackoff.next(m_world.random));
        return;
    }
    if (why.code == ErrorCode::notFound && m_world.follower != nullptr)
        m_world.follower->again(); // The ticket or the offer is an old one.
    if (!mayTryAgain())
        m_taken = m_wanted; // until a newer one is offered, or a poll
    if (why.code == ErrorCode::notFound && isFirst)
        return;
    m_failure = Trouble{u"failed"_s,
                        u"version %1 cannot be fetched: %2"_s.arg(m_wanted->version, why.message),
                        {},
                        m_wanted};
    say();
}

Task<void> Worker::apply(Wanted wanted, QByteArray bundle)
{
    const Busy busy(*this);
    Q_EMIT changed(service());
    const Offer offer{m_target.service, wanted.version.toUtf8(),
                      config::Hash::fromHex(wanted.root).value_or(config::Hash()),
                      wanted.release.toUtf8()};
    const Verdict verdict = co_await m_switcher.apply(offer, std::move(bundle));
    onVerdict(wanted, verdict);
}

void Worker::onVerdict(const Wanted &wanted, const Verdict &verdict)
{
    const QString state = QString::fromUtf8(nameOf(verdict.state));
    qCInfo(logAgent).noquote() << service() << wanted.version << state << verdict.error;
    switch (verdict.state) {
    case Verdict::State::superseded: return;
    case Verdict::State::healthy:
        m_tries = 0;
        m_done = wanted;
        m_failure.reset();
        m_drift.reset();
        m_isBundleLost = false;
        say();
        askForOriginsSoon();
        return;
    case Verdict::State::drifted:
        m_tries = 0;
        m_failure.reset();
        m_drift = Trouble{state, verdict.error, verdict.output, wanted};
        m_isBundleLost = false;
        say();
        return;
    case Verdict::State::held:
        m_taken.reset();
        kick();
        return;
    case Verdict::State::failed:
    case Verdict::State::rolledBack: break;
    }
    if (m_wanted == wanted)
        (void)mayTryAgain();
    if (m_wanted) // else it was withdrawn
        m_failure = Trouble{state, u"version %1: "_s.arg(wanted.version) + verdict.error,
                            verdict.output, wanted};
    say();
}

Task<DriftReport> Worker::scrub()
{
    const Busy busy(*this);
    DriftReport drift;
    if (m_isRetired || m_switcher.isSwitching() || !m_switcher.applied())
        co_return drift;
    drift = co_await m_switcher.scrub();
    onScrubbed(drift);
    co_return std::move(drift);
}

void Worker::onScrubbed(const DriftReport &drift)
{
    const auto applied = m_switcher.applied();
    const bool wasLost = std::exchange(m_isBundleLost, drift.isBundleLost);
    const std::optional<Trouble> before = std::exchange(m_drift, std::nullopt);
    const bool isWanted = m_wanted && applied && m_wanted->root == applied->root.hex();
    if (drift.isBundleLost && !isWanted)
        m_drift = Trouble{u"drifted"_s, u"the kept copy of what is applied was damaged or lost, so "
                                        u"that files cannot be compared; it is fetched when this "
                                        u"version is wanted again"_s};
    else if (!drift.error.isEmpty())
        m_drift = Trouble{u"drifted"_s, drift.error, textOf(drift.files)};
    else if (!drift.isClean() && !drift.isRepaired && !drift.isBundleLost)
        m_drift = Trouble{u"drifted"_s,
                          u"%1 files are not as they were applied"_s.arg(drift.files.size()),
                          textOf(drift.files)};
    if (m_drift != before)
        say();
    if (drift.isRepaired)
        qCWarning(logAgent).noquote()
            << service() << "was changed by somebody, and repaired:" << drift.files.size()
            << "files";
    if (drift.isBundleLost && isWanted && !wasLost) {
        m_taken.reset(); // It is fetched again: as often, and with such pauses, as any other.
        kick();
    }
}

Task<Result<std::vector<FileDiff>>> Worker::plan()
{
    const Busy busy(*this);
    if (!m_wanted)
        co_return Error{ErrorCode::notFound,
                        u"%1: nothing is wanted yet, or no node has said it"_s.arg(service())};
    const Result<QByteArray> bundle = co_await obtain(*m_wanted);
    if (!bundle)
        co_return bundle.error();
    co_return m_switcher.plan(*bundle);
}

Task<Verdict> Worker::rollBack(config::Hash root)
{
    const Busy busy(*this);
    const std::optional<WallMs> before = m_switcher.heldUntil();
    const Result<void> held = m_switcher.hold(m_world.clock.wall() + forEver);
    if (!held)
        co_return Verdict{Verdict::State::failed, held.error().message};
    Verdict verdict = co_await m_switcher.rollbackLocal(root);
    if (verdict.state == Verdict::State::healthy) {
        m_taken.reset();
        m_failure.reset();
        m_holdReason = u"rolled back on this host"_s;
        say();
    } else if (verdict.state != Verdict::State::superseded) {
        m_taken.reset(); // What it superseded is tried again.
        const Result<void> back = before ? m_switcher.hold(*before) : m_switcher.endHold();
        if (!back) {
            m_holdReason = back.error().message;
            say();
        }
        kick();
    }
    co_return std::move(verdict);
}

Result<void> Worker::hold(std::optional<std::chrono::seconds> time)
{
    Result<void> held =
        m_switcher.hold(m_world.clock.wall() + (time ? milliseconds(*time) : forEver));
    if (!held)
        return held;
    m_taken.reset();
    m_failure.reset();
    m_holdReason.clear();
    say();
    kick();
    return {};
}

Result<void> Worker::release()
{
    Result<void> released = m_switcher.endHold();
    if (!released)
        return released;
    m_holdEnd.stop();
    m_holdReason.clear();
    m_taken.reset();
    m_tries = 0;
    kick();
    return {};
}

void Worker::retire()
{
    m_isRetired = true;
    m_again.stop();
    m_holdEnd.stop();
    m_switcher.cancel();
}

} // namespace coffer::agent
