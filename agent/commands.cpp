// SPDX-License-Identifier: Apache-2.0
#include "agent/commands.h"

#include "agent/disk_files.h"
#include "agent/exec_signals.h"
#include "agent/host_actions.h"
#include "agent/join.h"
#include "agent/log.h"
#include "agent/socket.h"
#include "agent/system_clock.h"
#include "agent/targets.h"
#include "client/endpoint.h"
#include "config/name.h"
#include "net/service_manager.h"
#include "net/stop_signals.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLocalSocket>
#include <QRandomGenerator>
#include <QSysInfo>
#include <QThread>

#include <cstdio>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

/// For a question that runs commands, as a rollback does.
static constexpr std::chrono::milliseconds askTimeout = 10min;
static constexpr std::chrono::milliseconds lockPatience = 3s;
/// For nodes to say what is wanted, where no agent runs.
static constexpr std::chrono::milliseconds lookTimeout = 20s;

Exit exitOf(ErrorCode code)
{
    switch (code) {
    case ErrorCode::invalid: return usage;
    case ErrorCode::notFound: return notFound;
    case ErrorCode::unavailable: return unavailable;
    case ErrorCode::denied:
    case ErrorCode::unauthenticated: return denied;
    default: return failure;
    }
}

int fail(const Error &error)
{
    std::fprintf(stderr, "coffer-agent: %s\n", qUtf8Printable(error.message));
    return exitOf(error.code);
}

namespace {

/// One agent with what it lives on, in the order in which that ends.
struct Household
{
    Household(const Settings &settings, std::unique_ptr<StateLock> stateLock, Duty duty)
        : lock(std::move(stateLock))
        , random(QRandomGenerator::system()->generate64())
        , agent(settings, {.files = files,
                           .clock = clock,
                           .random = random,
                           .makeActions = [] { return std::make_unique<HostActions>(); },
                           .duty = duty})
    {}

    std::unique_ptr<StateLock> lock;
    DiskFiles files;
    SystemClock clock;
    SeededRandom random;
    Agent agent;
};

} // namespace

/// Takes the state directory, and waits a moment for a command that has it; who looks does not
/// take it, and does not wait.
static Result<std::unique_ptr<StateLock>> lockState(const Settings &settings, Duty duty)
{
    const QByteArray state = settings.state.toUtf8();
    if (duty == Duty::look)
        return StateLock::share(state);
    auto lock = StateLock::take(state);
    const QDeadlineTimer patience(lockPatience);
    while (!lock && lock.error().code == ErrorCode::refused && !patience.hasExpired()) {
        QThread::msleep(20);
        lock = StateLock::take(state);
    }
    return lock;
}

/// Reads the targets and gets what is there into force, but for who only looks.
static Result<std::unique_ptr<Household>> settleIn(const Settings &settings, Duty duty)
{
    Result<std::vector<Target>> targets = readTargets(settings.targets);
    if (!targets)
        return targets.error();
    auto lock = lockState(settings, duty);
    if (!lock)
        return lock.error();
    auto household = std::make_unique<Household>(settings, std::move(*lock), duty);
    household->agent.setTargets(std::move(*targets));
    return household;
}

/// Ends it properly; \a code.
static int leave(Household &household, int code)
{
    QEventLoop loop;
    QObject::connect(&household.agent, &Agent::stopped, &loop, &QEventLoop::quit);
    household.agent.stop();
    loop.exec();
    return code;
}

static QByteArray summaryOf(const AgentStatus &status)
{
    int healthy = 0;
    for (const ServiceStatus &service : status.services)
        healthy += int(service.report.state == u"healthy");
    const QString where = status.standing.node.isEmpty() ? u"follows no node"_s
                                                         : u"follows "_s + status.standing.node;
    return u"%1; %2 of %3 services healthy"_s.arg(where)
        .arg(healthy)
        .arg(status.services.size())
        .toUtf8();
}

static void readTargetsAgain(const Settings &settings, Agent &agent)
{
    Result<std::vector<Target>> targets = readTargets(settings.targets);
    if (!targets) {
        qCWarning(logAgent).noquote()
            << "the targets stay as they were:" << targets.error().message;
        return;
    }
    qCInfo(logAgent) << "read" << targets->size() << "targets";
    agent.setTargets(std::move(*targets));
}

/// The socket of \a agent, which outlives it. Listens already.
static std::unique_ptr<Socket> serve(Agent &agent, const Settings &settings)
{
    auto socket = std::make_unique<Socket>(
        [&agent](Ask ask) { return agent.answer(std::move(ask)); },
        [&agent](const QString &service, const Seen &seen) { return agent.news(service, seen); });
    const Result<void> listening = socket->listen(settings.socket);
    if (!listening) // Configuration is more important than questions about it.
        qCWarning(logAgent).noquote() << listening.error().message;
    QObject::connect(&agent, &Agent::changed, socket.get(), &Socket::tell);
    return socket;
}

int runAgent(const Settings &settings)
{
    auto household = settleIn(settings, Duty::keep);
    if (!household)
        return fail(household.error());
    Agent &agent = (*household)->agent;
    const std::unique_ptr<Socket> socket = serve(agent, settings);
    net::ServiceManager manager;
    manager.ready(summaryOf(agent.status()));
    QByteArray said;
    QObject::connect(&agent, &Agent::progressed, qApp, [&agent, &manager, &said] {
        const QByteArray summary = summaryOf(agent.status());
        if (std::exchange(said, summary) != summary)
            manager.setStatus(summary);
    });
    QObject::connect(&agent, &Agent::stopped, qApp, &QCoreApplication::quit);
    const net::StopSignals signals(
        [&agent, &manager] {
            manager.stopping();
            agent.stop();
        },
        [&agent, &settings] { readTargetsAgain(settings, agent); });
    agent.connectToCluster();
    return QCoreApplication::exec();
}

int runOnce(const Settings &settings, std::chrono::seconds patience)
{
    auto household = settleIn(settings, Duty::keep);
    if (!household)
        return fail(household.error());
    Agent &agent = (*household)->agent;
    QEventLoop loop;
    const auto check = [&agent, &loop] {
        if (agent.isSettledWithOrigins())
            loop.quit();
    };
    QObject::connect(&agent, &Agent::progressed, &loop, check, Qt::QueuedConnection);
    // Origins are advice: nobody fails for want of them.
    QTimer::singleShot(patience, &loop, [&agent, &loop] { loop.exit(agent.isSettled() ? 0 : 1); });
    const net::StopSignals signals([&loop] { loop.exit(1); });
    agent.connectToCluster();
    const bool isSettled = loop.exec() == 0;
    const QJsonObject status = toJson(agent.status());
    std::fputs(qUtf8Printable(describeStatus(status)), stdout);
    const Exit verdict = agent.isConverged() ? ok : failure;
    return leave(**household, isSettled ? verdict : unavailable);
}

// ---- questions

static QString describeVersion(const QJsonObject &version)
{
    const QString name = version[u"version"_s].toString();
    return name.isEmpty() ? u"nothing yet"_s : name + u' ' + version[u"root"_s].toString().left(12);
}

/// The value, or all of them as "section/key value".
static QString describeValues(const QJsonObject &answer)
{
    if (answer.contains(u"value"_s))
        return answer[u"value"_s].toString() + u'\n';
    QString text;
    const QJsonObject values = answer[u"values"_s].toObject();
    for (auto value = values.begin(); value != values.end(); ++value)
        text += value.key() + u' ' + value.value().toString() + u'\n';
    return text;
}

/// Services with their versions, or the files and keys of one.
static QString describeList(const QJsonObject &answer)
{
    QString text;
    for (const QJsonValue service : answer[u"services"_s].toArray())
        text +=
            u"%1 %2\n"_s.arg(service[u"service"_s].toString(), describeVersion(service.toObject()));
    for (const QJsonValue file : answer[u"files"_s].toArray())
        text += u"file %1\n"_s.arg(file[u"path"_s].toString());
    for (const QJsonValue key : answer[u"keys"_s].toArray())
        text += u"key %1\n"_s.arg(key.toString());
    return text;
}

static QString describeVariables(const QJsonObject &answer)
{
    QString text;
    const QJsonObject variables = answer[u"variables"_s].toObject();
    for (auto variable = variables.begin(); variable != variables.end(); ++variable) {
        const QString value =
            variable.value().toString().replace(u'\'', QStringLiteral("'\\''")); // as sh reads it
        text += u"%1='%2'\n"_s.arg(variable.key(), value);
    }
    return text;
}

/// "core/timeout 5s <- sh001 v7, in shop.conf".
static QString describeOrigins(const QJsonObject &answer)
{
    QString text = u"%1\n"_s.arg(describeVersion(answer));
    for (const QJsonValue value : answer[u"origins"_s].toArray()) {
        const QJsonObject one = value.toObject();
        QStringList files;
        for (const QJsonValue file : one[u"files"_s].toArray())
            files.append(file.toString());
        const QString layer = one[u"layer"_s].toString();
        text += one[u"place"_s].toString();
        if (one.contains(u"value"_s))
            text += u' ' + one[u"value"_s].toString();
        text += u"  <- %1 %2"_s.arg(layer == u"_all" ? u"service"_s : layer,
                                    one[u"version"_s].toString());
        if (one[u"final"_s].toBool())
            text += u", final"_s;
        if (!files.isEmpty())
            text += u", in "_s + files.join(u", "_s);
        text += u'\n';
    }
    return text;
}

static void print(const Ask &ask, const QJsonObject &answer, bool isJson)
{
    QString text;
    switch (ask.verb) {
    case Verb::status: text = describeStatus(answer); break;
    case Verb::metrics: text = answer[u"text"_s].toString(); break;
    case Verb::history: text = describeHistory(answer); break;
    case Verb::diff:
    case Verb::plan: text = describeDiffs(answer); break;
    case Verb::rollback:
        text = u"%1 is at %2 again, and held; `coffer-agent release %1` ends that\n"_s.arg(
            ask.service, answer[u"version"_s].toString());
        break;
    case Verb::hold: text = u"%1 is held\n"_s.arg(ask.service); break;
    case Verb::release: text = u"%1 follows what is wanted again\n"_s.arg(ask.service); break;
    case Verb::get: text = describeValues(answer); break;
    case Verb::list: text = describeList(answer); break;
    case Verb::version: text = describeVersion(answer) + u'\n'; break;
    case Verb::env: text = describeVariables(answer); break;
    case Verb::why: text = describeOrigins(answer); break;
    case Verb::file:
    case Verb::watch: break;
    }
    if (ask.verb == Verb::file && !isJson) {
        const QByteArray bytes = QByteArray::fromBase64(answer[u"base64"_s].toString().toLatin1());
        std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), stdout);
        return;
    }
    if (isJson)
        text = QString::fromUtf8(QJsonDocument(answer).toJson(QJsonDocument::Compact)) + u'\n';
    std::fputs(qUtf8Printable(text), stdout);
}

/// What a plan found: nothing, changes, or something that could not be told.
static Exit exitOfPlan(const QJsonObject &answer)
{
    Exit code = ok;
    for (const QJsonValue service : answer[u"services"_s].toArray()) {
        if (service.toObject().contains(u"error"_s))
            return failure;
        if (!service[u"files"_s].toArray().isEmpty())
            code = changes;
    }
    return code;
}

/// Nobody looks after them: the state directory does not know of failures and drift.
static QJsonArray unwatched(const QJsonArray &services)
{
    QJsonArray all;
    for (const QJsonValue value : services) {
        QJsonObject service = value.toObject();
        if (service[u"state"_s].toString() == u"healthy")
            service[u"state"_s] = u"unknown"_s;
        all.append(service);
    }
    return all;
}

/// Without an agent that runs: on the state directory, and for a plan on the cluster.
static Result<QJsonObject> answerAlone(const Settings &settings, const Ask &ask)
{
    auto household = settleIn(settings, changesHost(ask.verb) ? Duty::act : Duty::look);
    if (!household)
        return household.error();
    Agent &agent = (*household)->agent;
    if (ask.verb == Verb::plan) {
        QEventLoop loop;
        QObject::connect(
            &agent, &Agent::progressed, &loop,
            [&agent, &loop] {
                if (agent.isSettled())
                    loop.quit();
            },
            Qt::QueuedConnection);
        QTimer::singleShot(lookTimeout, &loop, [&loop] { loop.exit(1); });
        agent.connectToCluster();
        if (loop.exec() != 0) {
            const QString trouble = agent.status().standing.trouble;
            (void)leave(**household, 0);
            return Error{ErrorCode::unavailable,
                         u"no node has said what is wanted: %1"_s.arg(trouble)};
        }
    }
    Result<QJsonObject> answer = QCoro::waitFor(agent.answer(ask));
    if (answer && ask.verb == Verb::status) {
        (*answer)[u"running"_s] = false;
        (*answer)[u"services"_s] = unwatched((*answer)[u"services"_s].toArray());
        if (const auto identity = readIdentity(settings))
            (*answer)[u"host"_s] = identity->host;
    }
    (void)leave(**household, 0);
    return answer;
}

/// Asks the agent, or the state directory where none runs.
static Result<QJsonObject> findAnswer(const Settings &settings, const Ask &ask)
{
    const QDeadlineTimer patience(lockPatience);
    for (;;) {
        const Result<std::optional<QJsonObject>> asked = askAgent(settings.socket, ask, askTimeout);
        if (!asked)
            return asked.error();
        if (asked->has_value())
            return **asked;
        Result<QJsonObject> answer = answerAlone(settings, ask);
        // An agent that has just started has the directory, and does not listen yet.
        const bool isStarting = !answer && answer.error().code == ErrorCode::refused;
        if (!isStarting || patience.hasExpired())
            return answer;
        QThread::msleep(20);
    }
}

int runAsk(const Settings &settings, const Ask &ask, bool isJson)
{
    const Result<QJsonObject> answer = findAnswer(settings, ask);
    if (!answer)
        return fail(answer.error());
    print(ask, *answer, isJson);
    return ask.verb == Verb::plan ? exitOfPlan(*answer) : ok;
}

int runWatch(const Settings &settings, const Ask &ask)
{
    QLocalSocket socket;
    socket.connectToServer(settings.socket);
    if (!socket.waitForConnected())
        return fail({ErrorCode::unavailable, u"no agent answers at %1"_s.arg(settings.socket)});
    socket.write(write(ask) + '\n');
    for (;;) {
        while (socket.canReadLine()) {
            const Result<QJsonObject> event = parseAnswer(socket.readLine().trimmed());
            if (!event)
                return fail(event.error());
            if (event->contains(u"service"_s)) {
                std::printf("%s\n",
                            QJsonDocument(*event).toJson(QJsonDocument::Compact).constData());
                std::fflush(stdout);
            }
        }
        if (!socket.waitForReadyRead(-1))
            return fail({ErrorCode::unavailable, u"the agent has ended"_s});
    }
}

// ---- programs

/// Until it has ended; its exit code.
static int execute(const ExecOptions &options, const QString &socket, Random &random)
{
    Exec exec(options, socket, random);
    QEventLoop loop;
    // Queued: it may end before the loop begins.
    QObject::connect(
        &exec, &Exec::ended, &loop, [&loop](int code) { loop.exit(code); }, Qt::QueuedConnection);
    const ExecSignals signals([&exec](int number) { exec.forward(number); });
    exec.start();
    return loop.exec();
}

int runExec(const Settings &settings, const ExecOptions &options)
{
    SeededRandom random(QRandomGenerator::system()->generate64());
    const auto asked = askAgent(settings.socket, {.verb = Verb::list}, lookTimeout);
    if (!asked && asked.error().code == ErrorCode::denied)
        return fail(asked.error());
    if (!asked || *asked)
        return execute(options, settings.socket, random);
    auto household = settleIn(settings, Duty::keep);
    if (!household && household.error().code == ErrorCode::refused) // It is about to listen.
        return execute(options, settings.socket, random);
    if (!household)
        return fail(household.error());
    Agent &agent = (*household)->agent;
    const std::unique_ptr<Socket> socket = serve(agent, settings);
    agent.connectToCluster();
    return leave(**household, execute(options, settings.socket, random));
}

// ---- joining

int runJoin(const Settings &settings, const JoinArguments &arguments)
{
    auto nodes = client::parseEndpoints(arguments.nodes);
    if (!nodes)
        return fail(nodes.error());
    JoinRequest request{.nodes = std::move(*nodes), .token = arguments.token.toLatin1()};
    request.host = settings.host.isEmpty() ? QSysInfo::machineHostName() : settings.host;
    if (!config::isName(request.host.toUtf8()))
        return fail({ErrorCode::invalid,
                     u"the name of this machine, \"%1\", cannot be that of a host; say the name "
                     u"that was enrolled: --host NAME"_s.arg(request.host)});
    QString hash = arguments.authorityHash.toLower();
    if (hash.startsWith(u"sha256:"))
        hash = hash.mid(7);
    if (!hash.isEmpty() && !config::Hash::fromHex(hash.toLatin1()))
        return fail({ErrorCode::invalid,
                     u"--ca-hash: expected 64 hex digits, the SHA-256 of the certificate"_s});
    request.authority = hash.toLatin1();
    if (!QDir().mkpath(settings.state))
        return fail({ErrorCode::io,
                     u"%1 cannot be made; run this as the user of the agent, or name another "
                     u"directory: --state DIR"_s.arg(settings.state)});
    const Result<QString> joined = QCoro::waitFor(join(settings, std::move(request)));
    if (!joined) {
        const bool isUsed = joined.error().code == ErrorCode::unknown;
        return fail(isUsed ? joined.error().in(u"the token may be used up; enroll again"_s)
                           : joined.error());
    }
    std::printf("%s\n", qUtf8Printable(*joined));
    return ok;
}

} // namespace coffer::agent
