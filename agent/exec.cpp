// SPDX-License-Identifier: Apache-2.0
#include "agent/exec.h"

#include "agent/commands.h"
#include "agent/log.h"
#include "net/spawn.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QStandardPaths>

#include <algorithm>
#include <csignal>
#include <utility>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

/// A release of several services comes one after the other, and is to be one restart.
static constexpr std::chrono::milliseconds collectTime = 100ms;
/// For versions, before it is told that they are waited for.
static constexpr std::chrono::milliseconds silentWait = 1s;
/// Who ran so long did not end because of how it was started.
static constexpr std::chrono::milliseconds goodRun = 60s;

static bool isEnd(int signalNumber)
{
    return signalNumber == SIGTERM || signalNumber == SIGINT || signalNumber == SIGQUIT;
}

Exec::Exec(ExecOptions options, const QString &socket, Random &random)
    : m_options(std::move(options)), m_random(random), m_backoff(1s, 60s), m_link(socket, random)
{
    m_takesTerminal = ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
    m_process.setProcessChannelMode(QProcess::ForwardedChannels);
    m_process.setInputChannelMode(QProcess::ForwardedInputChannel);
    m_process.setChildProcessModifier([takesTerminal = m_takesTerminal] {
        ::setpgid(0, 0);
        if (takesTerminal) {
            std::signal(SIGTTOU, SIG_IGN); // Who asks for the terminal is not in front yet.
            ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
            std::signal(SIGTTOU, SIG_DFL);
        }
        std::signal(SIGPIPE, SIG_DFL);
    });
    for (QTimer *timer : {&m_collect, &m_grace, &m_pause})
        timer->setSingleShot(true);
    connect(&m_collect, &QTimer::timeout, this, &Exec::onCollected);
    connect(&m_grace, &QTimer::timeout, this, [this] { signalGroup(SIGKILL); });
    connect(&m_pause, &QTimer::timeout, this, [this] {
        m_state = State::launching;
        spawn(launch(), "launch");
    });
    connect(&m_process, &QProcess::finished, this, &Exec::onFinished);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart)
            return;
        qCCritical(logAgent).noquote()
            << m_options.program.first() << "cannot be started:" << m_process.errorString();
        end(notExecutable);
    });
    connect(&m_link, &LocalLink::opened, this, [this] { spawn(follow(), "follow"); });
    connect(&m_link, &LocalLink::heard, this, &Exec::onHeard);
    connect(&m_link, &LocalLink::lost, this,
            [] { qCWarning(logAgent) << "the agent is gone; what is here stays in force"; });
}

Exec::~Exec()
{
    m_state = State::over;
    m_process.disconnect(this);
}

void Exec::start()
{
    m_link.open();
    QTimer::singleShot(silentWait, this, [this] {
        if (m_state == State::waiting)
            qCInfo(logAgent).noquote()
                << "waiting for the agent, and for the first version of"
                << (m_options.services.isEmpty() ? u"its services"_s
                                                 : m_options.services.join(u", "_s));
    });
}

// ---- what the agent says

/// Each time the agent is there (again).
QCoro::Task<void> Exec::follow()
{
    if (m_options.services.isEmpty()) {
        const Ask ask{.verb = Verb::list};
        const Result<QJsonObject> list = co_await m_link.ask(ask);
        if (m_state == State::over)
            co_return;
        if (!list) {
            if (list.error().code != ErrorCode::unavailable)
                giveUp(list.error());
            co_return;
        }
        for (const QJsonValue service : (*list)[u"services"_s].toArray())
            m_options.services.append(service[u"service"_s].toString());
        if (m_options.services.isEmpty()) {
            giveUp({ErrorCode::invalid, u"the agent has no targets; write one into targets.d"_s});
            co_return;
        }
    }
    const QStringList services = m_options.services;
    for (const QString &service : services) {
        const auto seen = m_applied.find(service);
        const QString root = seen == m_applied.end() ? QString() : seen->second;
        const Ask ask{.verb = Verb::watch, .service = service, .root = root};
        const Result<QJsonObject> watching = co_await m_link.ask(ask);
        if (m_state == State::over)
            co_return;
        if (watching || watching.error().code == ErrorCode::unavailable)
            continue;
        if (m_state == State::waiting) {
            giveUp(watching.error());
            co_return;
        }
        qCWarning(logAgent).noquote() << watching.error().message;
    }
    consider();
}

void Exec::onHeard(const QJsonObject &event)
{
    m_applied[event[u"service"_s].toString()] = event[u"root"_s].toString();
    consider();
}

void Exec::consider()
{
    if (m_state == State::running && isNews() && !m_isChanging && !m_collect.isActive())
        m_collect.start(collectTime);
    const auto isKnown = [this](const QString &service) { return m_applied.contains(service); };
    if (m_state != State::waiting || m_options.services.isEmpty()
        || !std::ranges::all_of(m_options.services, isKnown))
        return;
    m_state = State::launching;
    spawn(launch(), "launch");
}

bool Exec::isNews() const { return m_applied != m_running; }

/// Another version is there for good, and no other one was said in the meantime.
void Exec::onCollected()
{
    if (m_state != State::running || m_isStopping || m_isChanging || !isNews())
        return;
    if (m_options.restarts) {
        m_isChanging = true;
        spawn(change(), "change");
        return;
    }
    m_running = m_applied;
    if (m_options.signalNumber > 0)
        ::kill(pid_t(m_group), m_options.signalNumber);
}

/// All or nothing. `unavailable`: the agent is gone.
QCoro::Task<Result<void>> Exec::fetchVariables()
{
    Versions versions = m_applied;
    std::map<QString, QJsonObject> variables;
    const QStringList services = m_options.hasVariables ? m_options.services : QStringList();
    for (const QString &service : services) {
        const Ask ask{.verb = Verb::env, .service = service};
        const Result<QJsonObject> answer = co_await m_link.ask(ask);
        if (!answer)
            co_return answer.error();
        variables[service] = (*answer)[u"variables"_s].toObject();
        versions[service] = (*answer)[u"root"_s].toString();
    }
    m_fetched = std::move(versions);
    m_variables = std::move(variables);
    co_return Result<void>();
}

// ---- the program

QCoro::Task<void> Exec::launch()
{
    const bool isFirst = m_group == 0;
    const Result<void> fetched = co_await fetchVariables();
    if (m_state != State::launching)
        co_return;
    const bool isGone = !fetched && fetched.error().code == ErrorCode::unavailable;
    if (isGone && isFirst) {
        m_state = State::waiting; // until opened()
    } else if (!fetched && isFirst) {
        giveUp(fetched.error());
    } else {
        if (!fetched) // It has ended by itself: what it was started with is better than nothing.
            qCWarning(logAgent).noquote() << "the variables stay:" << fetched.error().message;
        startProgram();
    }
}

/// The program is stopped only when all is there for its next start.
QCoro::Task<void> Exec::change()
{
    const Versions wanted = m_applied;
    const Result<void> fetched = co_await fetchVariables();
    m_isChanging = false;
    if (m_state != State::running || m_isStopping)
        co_return;
    if (!fetched) {
        qCWarning(logAgent).noquote() << "not restarted:" << fetched.error().message;
        if (fetched.error().code != ErrorCode::unavailable)
            m_running = wanted; // Until there is a newer one.
        co_return;
    }
    m_state = State::stopping;
    signalGroup(SIGTERM);
    m_grace.start(m_options.grace);
}

void Exec::startProgram()
{
    const QString name = m_options.program.first();
    const QString path = name.contains(u'/') ? name : QStandardPaths::findExecutable(name);
    const QFileInfo file(path);
    if (path.isEmpty() || !file.exists()) {
        qCCritical(logAgent).noquote()
            << name << "is not there; name a program on PATH, or one with its whole path";
        end(noProgram);
        return;
    }
    if (!file.isFile() || !file.isExecutable()) {
        qCCritical(logAgent).noquote() << path << "cannot be executed by this user";
        end(notExecutable);
        return;
    }
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    for (const auto &[service, ofService] : m_variables) {
        for (auto variable = ofService.begin(); variable != ofService.end(); ++variable)
            variables.insert(variable.key(), variable.value().toString());
    }
    m_process.setProcessEnvironment(variables);
    m_running = m_fetched;
    m_state = State::running;
    m_ranFor.start();
    m_process.start(path, m_options.program.sliced(1));
    m_group = m_process.processId() > 0 ? m_process.processId() : m_group;
    consider();
}

void Exec::onFinished()
{
    m_grace.stop();
    const bool isCrash = m_process.exitStatus() == QProcess::CrashExit;
    const int code = isCrash ? bySignal + m_process.exitCode() : m_process.exitCode();
    const bool isRestart = m_state == State::stopping;
    if (isRestart)
        signalGroup(SIGKILL); // What it left behind would be in the way of the next one.
    if (m_isStopping || (!isRestart && !m_options.restartsOnExit)) {
        end(code);
        return;
    }
    if (isRestart) {
        startProgram();
        return;
    }
    if (m_ranFor.hasExpired(goodRun.count()))
        m_backoff.reset();
    const auto pause = m_backoff.next(m_random);
    qCWarning(logAgent).noquote() << m_options.program.first() << "ended with" << code
                                  << "and is started again in" << pause.count() << "ms";
    m_state = State::pausing;
    m_pause.start(pause);
}

void Exec::signalGroup(int signalNumber) const
{
    if (m_group > 1)
        ::kill(-pid_t(m_group), signalNumber);
}

void Exec::forward(int signalNumber)
{
    const bool isRunning = m_state == State::running || m_state == State::stopping;
    if (isRunning) {
        m_isStopping = m_isStopping || isEnd(signalNumber);
        if (m_process.state() != QProcess::NotRunning)
            ::kill(pid_t(m_group), signalNumber);
    } else if (isEnd(signalNumber)) {
        end(bySignal + signalNumber);
    }
}

void Exec::end(int code)
{
    if (std::exchange(m_state, State::over) != State::over)
        Q_EMIT ended(code);
}

void Exec::giveUp(const Error &error) { end(fail(error)); }

} // namespace coffer::agent
