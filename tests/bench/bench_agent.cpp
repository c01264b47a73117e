// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/stopwatch.h"
#include "cluster/agent_process.h"
#include "support/fake_centre.h"

#include <QCoreApplication>
#include <QDeadlineTimer>

#include <algorithm>
#include <cstdio>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace coffer;
using namespace coffer::bench;
using namespace Qt::StringLiterals;

static constexpr int keys = 1'000;
static constexpr int questions = 20'000;
static constexpr int starts = 20;
static const QString group = u"agent"_s;

[[noreturn]] static void giveUp(const char *why)
{
    std::fprintf(stderr, "bench_agent: %s\n", why);
    std::_Exit(1);
}

/// A program that asks as little as it can: one question, one read.
class Program
{
public:
    explicit Program(const QByteArray &path)
    {
        std::copy(path.begin(), path.end(), m_address.sun_path);
        m_address.sun_family = AF_UNIX;
    }
    ~Program() { ::close(m_socket); }
    Q_DISABLE_COPY_MOVE(Program)

    [[nodiscard]] bool connect()
    {
        ::close(m_socket);
        m_socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto *place = reinterpret_cast<const sockaddr *>(&m_address);
        return ::connect(m_socket, place, sizeof(m_address)) == 0;
    }
    /// The answer's line; "" if there is none.
    [[nodiscard]] QByteArray ask(const QByteArray &line) const
    {
        QByteArray answer;
        if (::send(m_socket, line.constData(), std::size_t(line.size()), MSG_NOSIGNAL)
            != line.size())
            return answer;
        QByteArray part(1 << 16, '\0');
        while (!answer.endsWith('\n')) {
            const ssize_t got = ::read(m_socket, part.data(), std::size_t(part.size()));
            if (got <= 0)
                return {};
            answer.append(part.constData(), got);
        }
        return answer;
    }

private:
    sockaddr_un m_address = {};
    int m_socket = -1;
};

static QByteArray lineOf(const agent::Ask &ask) { return write(ask) + '\n'; }

static Case questionsOf(Program &program, const QString &name, const QByteArray &line, int times)
{
    Figure micros{u"microseconds"_s, {}};
    qsizetype bytes = 0;
    for (int i = 0; i < times; ++i) {
        const Stopwatch watch;
        bytes = program.ask(line).size();
        micros.samples.push_back(watch.wallSeconds() * 1e6);
        if (bytes == 0)
            giveUp("the agent does not answer");
    }
    Case measured(group, name);
    measured.add(u"p50 us"_s, micros.quantile(0.5));
    measured.add(u"p99 us"_s, micros.quantile(0.99));
    measured.add(u"bytes"_s, double(bytes));
    return measured;
}

/// From the start of the process, with no node within reach, to the first answered question.
static Case startOf(test::AgentProcess &agent, Program &program, const QByteArray &line)
{
    Case measured(group, u"start to first value"_s);
    for (int i = 0; i < starts; ++i) {
        agent.kill();
        const Stopwatch watch;
        agent.start();
        const QDeadlineTimer patience(10'000);
        while (!program.connect()) {
            if (patience.hasExpired())
                giveUp("the agent does not listen");
            ::usleep(200); // tidy: allow(sleep) it measures a process that starts
        }
        if (!program.ask(line).startsWith("{\"ok\""))
            giveUp("the agent has no value");
        measured.add(u"ms"_s, watch.wallSeconds() * 1000);
    }
    return measured;
}

int main(int count, char **arguments)
{
    const QCoreApplication application(count, arguments);
    const Result<Options> options = parseOptions(QCoreApplication::arguments().sliced(1));
    if (!options || options->isHelp) {
        std::fputs(helpText(), stderr);
        return options ? 0 : 2;
    }
    QByteArray text = "{\"core\":{";
    for (int i = 0; i < keys; ++i)
        text += (i > 0 ? ",\"key" : "\"key") + QByteArray::number(i) + "\":\"value of some bytes\"";
    test::FakeCentre centre;
    const QString place = centre.open();
    centre.publish(u"shop"_s, u"v1"_s, test::FakeCentre::bundleOf("app.json", text + "}}"));
    test::AgentProcess agent(u"web-1"_s);
    agent.addTarget(u"shop"_s);
    if (agent.run({u"join"_s, place, u"token"_s}) != 0 || agent.run({u"--once"_s}) != 0)
        giveUp("the agent cannot join");
    centre.close();

    Report report(options->isJson);
    report.begin(group, u"%1 keys in a JSON file; a program on the same host, one question at a "
                        u"time; no node within reach"_s.arg(keys));
    const agent::Ask one{.verb = agent::Verb::get, .service = u"shop"_s, .key = u"core/key500"_s};
    Program program(agent.folder().toLocal8Bit() + "/agent.sock");
    report.add(startOf(agent, program, lineOf(one)));
    report.add(questionsOf(program, u"get one value"_s, lineOf(one), questions));
    const agent::Ask version{.verb = agent::Verb::version, .service = u"shop"_s};
    report.add(questionsOf(program, u"version"_s, lineOf(version), questions));
    const agent::Ask all{.verb = agent::Verb::get, .service = u"shop"_s};
    report.add(questionsOf(program, u"get all values"_s, lineOf(all), questions / 20));
    const agent::Ask file{.verb = agent::Verb::file, .service = u"shop"_s, .path = u"app.json"_s};
    report.add(questionsOf(program, u"file"_s, lineOf(file), questions / 20));
    report.finish();
    return 0;
}
