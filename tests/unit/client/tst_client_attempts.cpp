// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"
#include "testkit/main.h"
#include "testkit/virtual_loop.h"

#include <QTest>

using namespace coffer;
using namespace coffer::client;
using namespace coffer::testkit;
using namespace std::chrono_literals;

// When a client tries to connect, and how long it waits.

struct Attempt
{
    QUrl node;
    Monotonic begun{0};
    Monotonic ended{0};
};

/// Says nothing at all, as a node does that too many want to reach.
class SilentLink final : public Link
{
public:
    SilentLink(std::vector<Attempt> &attempts, const QUrl &node)
        : m_attempts(attempts), m_index(attempts.size())
    {
        attempts.push_back({node, VirtualLoop::instance().monotonic(), Monotonic(0)});
    }
    SilentLink(const SilentLink &) = delete;
    SilentLink &operator=(const SilentLink &) = delete;
    ~SilentLink() override { m_attempts[m_index].ended = VirtualLoop::instance().monotonic(); }

    void open() override {}
    void send(const QByteArray &) override {}
    void ping() override {}
    void abort() override {}

private:
    std::vector<Attempt> &m_attempts;
    std::size_t m_index;
};

class tst_client_attempts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void silence_isGivenMoreTimeInEachRound();
};

void tst_client_attempts::silence_isGivenMoreTimeInEachRound()
{
    std::vector<Attempt> attempts;
    Options options;
    options.nodes = {QUrl(QStringLiteral("http://one:1")), QUrl(QStringLiteral("http://two:1"))};
    options.isShuffled = false;
    options.connectTimeout = 2s;
    options.pauseMax = 5s;
    options.link = [&attempts](const QUrl &node) {
        return std::make_unique<SilentLink>(attempts, node);
    };
    const Client client(std::move(options));
    VirtualLoop::instance().runFor(5min);

    std::vector<Monotonic> waits;
    for (const Attempt &attempt : attempts) {
        if (attempt.ended > Monotonic(0))
            waits.push_back(attempt.ended - attempt.begun);
    }
    const std::vector<Monotonic> expected{2s, 2s, 4s, 4s, 8s, 8s, 16s, 16s, 16s, 16s};
    QVERIFY2(waits.size() > expected.size(), qPrintable(QString::number(waits.size())));
    for (std::size_t n = 0; n < expected.size(); ++n) {
        QCOMPARE(waits[n], expected[n]);
        QCOMPARE(attempts[n].node.host(), n % 2 == 0 ? u"one" : u"two");
    }
    for (std::size_t n = 1; n < waits.size(); ++n) {
        const Monotonic pause = attempts[n].begun - attempts[n - 1].ended;
        QVERIFY(n > 1 ? pause <= 5s + 10ms : pause == Monotonic(0));
    }
}

COFFER_TEST_MAIN(tst_client_attempts)
#include "tst_client_attempts.moc"
