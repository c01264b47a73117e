// SPDX-License-Identifier: Apache-2.0
#include "agent/reporter.h"

#include "agent/log.h"
#include "net/spawn.h"

#include <QCborArray>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

Reporter::Reporter(client::Client &client, Follower &follower, Random &random)
    : m_client(client), m_follower(follower), m_random(random), m_backoff(500ms, 30s)
{
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, [this] { spawn(send(), "report"); });
    connect(&follower, &Follower::welcomed, this, &Reporter::onWelcomed);
}

void Reporter::report(Report report)
{
    report.error.truncate(Report::errorCharactersMax);
    report.output = report.output.right(Report::outputBytesMax);
    Report &latest = m_latest[report.service];
    if (latest == report)
        return;
    m_unsaid.insert(report.service);
    latest = std::move(report);
    sendSoon();
}

void Reporter::forget(const QString &service)
{
    m_latest.erase(service);
    m_unsaid.erase(service);
}

void Reporter::onWelcomed()
{
    for (const auto &[service, report] : m_latest)
        m_unsaid.insert(service);
    if (!m_again.isActive()) // else a node refuses: not at the pace of its welcomes
        sendSoon();
}

/// In a later round: what changes together is said together.
void Reporter::sendSoon()
{
    if (!m_isSending && !m_unsaid.empty() && !m_follower.ticket().isEmpty())
        m_again.start(0);
}

static QCborMap toCbor(const Report &report)
{
    QCborMap map{{u"service"_s, report.service},
                 {u"version"_s, report.version},
                 {u"root"_s, QString::fromLatin1(report.root)},
                 {u"state"_s, report.state}};
    if (!report.triedId.isEmpty()) {
        map[u"tried"_s] = report.tried;
        map[u"id"_s] = report.triedId;
    }
    if (!report.error.isEmpty())
        map[u"error"_s] = report.error;
    if (!report.output.isEmpty())
        map[u"output"_s] = QString::fromUtf8(report.output);
    return map;
}

Task<void> Reporter::send()
{
    const QPointer<Reporter> self(this);
    const QByteArray ticket = m_follower.ticket();
    if (m_isSending || ticket.isEmpty() || m_unsaid.empty())
        co_return;
    QCborArray reports;
    std::set<QString> said;
    if (m_isOneByOne)
        said.insert(m_unsaid.extract(m_unsaid.begin()));
    else
        said.swap(m_unsaid);
    m_isOneByOne = m_isOneByOne && !m_unsaid.empty();
    for (const QString &service : said)
        reports.append(toCbor(m_latest.at(service)));
    m_isSending = true;
    const QCborMap params{{u"ticket"_s, QString::fromLatin1(ticket)}, {u"reports"_s, reports}};
    const rpc::Outcome outcome = co_await m_client.call(
        u"goconf.report"_s, params, {.repeat = client::Repeat::safe, .timeout = 10s});
    if (!self)
        co_return;
    m_isSending = false;
    if (outcome) {
        m_backoff.reset();
        sendSoon();
        if (isIdle())
            Q_EMIT becameIdle();
        co_return;
    }
    onRefused(outcome.error(), said, ticket);
}

void Reporter::onRefused(const rpc::Failure &why, const std::set<QString> &said,
                         const QByteArray &ticket)
{
    if (why.code == rpc::Code::invalidArgument) { // It would be again; but the others may be right.
        if (said.size() > 1) {
            m_isOneByOne = true;
            for (const QString &service : said) {
                if (m_latest.contains(service))
                    m_unsaid.insert(service);
            }
        } else {
            qCWarning(logAgent).noquote() << "the node refuses a report:" << why.message;
        }
        sendSoon();
        if (isIdle())
            Q_EMIT becameIdle();
        return;
    }
    for (const QString &service : said) {
        if (m_latest.contains(service))
            m_unsaid.insert(service);
    }
    qCInfo(logAgent).noquote() << "a report was not taken, and is said again:" << why.message;
    m_again.start(m_backoff.next(m_random));
    if (!why.isRetryable && m_follower.ticket() == ticket)
        m_follower.again(); // The ticket is not known; a new one comes with a welcome.
}

} // namespace coffer::agent
