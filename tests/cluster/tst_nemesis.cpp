// SPDX-License-Identifier: Apache-2.0
#include "cluster/disk_faults.h"
#include "cluster/operator.h"
#include "cluster/trial.h"

#include <QRandomGenerator>
#include <QSet>

#include <csignal>

using namespace coffer::test;
using namespace Qt::StringLiterals;

/// Does to a cluster whatever chance wants, one thing on top of another, and heals it.
class Nemesis
{
public:
    Nemesis(ProcessCluster &cluster, PeerProxy &network, DiskFaults &disks, quint32 seed)
        : m_cluster(cluster), m_network(network), m_disks(disks), m_random(seed)
    {}

    /// One more thing; what, for people.
    QString strike()
    {
        const std::size_t node = m_random.bounded(quint32(m_cluster.size()));
        const std::size_t other = m_random.bounded(quint32(m_cluster.size()));
        switch (m_random.bounded(9)) {
        case 0: m_cluster.node(node).kill(); return u"kill %1"_s.arg(node);
        case 1: m_cluster.node(node).signal(SIGTERM); return u"stop %1"_s.arg(node);
        case 2: m_cluster.node(node).signal(SIGSTOP); return u"pause %1"_s.arg(node);
        case 3: m_cluster.node(node).signal(SIGCONT); return u"go on %1"_s.arg(node);
        case 4: m_cluster.startAll(); return u"start all"_s;
        case 5: m_network.partition({node}); return u"isolate %1"_s.arg(node);
        case 6: m_network.block(node, other); return u"block %1 to %2"_s.arg(node).arg(other);
        case 7: setDisk(m_slow, node, true); return u"slow disk %1"_s.arg(node);
        default: setDisk(m_full, node, true); return u"full disk %1"_s.arg(node);
        }
    }
    /// Everything is as it should be; the nodes may need a while to find out.
    void heal()
    {
        for (std::size_t node = 0; node < m_cluster.size(); ++node) {
            setDisk(m_slow, node, false);
            setDisk(m_full, node, false);
            m_cluster.node(node).signal(SIGCONT);
        }
        m_network.heal();
    }

private:
    void setDisk(QSet<std::size_t> &bad, std::size_t node, bool isBad)
    {
        if (bad.contains(node) == isBad)
            return;
        if (isBad)
            bad.insert(node);
        else
            bad.remove(node);
        if (&bad == &m_slow)
            m_disks.setSlow(node, isBad);
        else
            m_disks.setFull(node, isBad);
    }

    ProcessCluster &m_cluster;
    PeerProxy &m_network;
    DiskFaults &m_disks;
    QRandomGenerator m_random;
    QSet<std::size_t> m_slow;
    QSet<std::size_t> m_full;
};

static QString hashOf(Operator &admin, std::size_t index)
{
    const auto outcome = admin.ask(index, u"cluster.stateHash"_s);
    if (!outcome)
        return {};
    const QCborMap map = outcome->toMap();
    return u"%1 %2"_s.arg(map.value("applied"_L1).toInteger()).arg(map.value("hash"_L1).toString());
}

/// All have applied the same, and came to the same.
static bool areEqual(Operator &admin, std::size_t size)
{
    QSet<QString> hashes;
    for (std::size_t index = 0; index < size; ++index)
        hashes.insert(hashOf(admin, index));
    return hashes.size() == 1 && !hashes.contains(QString());
}

/// Real processes, and faults that meet. COFFER_NEMESIS_SEED repeats what was done, if not when;
/// COFFER_NEMESIS_ROUNDS makes it longer.
class TestNemesis : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anything_losesAndRepeatsNothing_data()
    {
        QTest::addColumn<int>("size");
        QTest::addRow("three") << 3;
        QTest::addRow("five") << 5;
    }
    void anything_losesAndRepeatsNothing()
    {
        QFETCH(const int, size);
        const QByteArray given = qgetenv("COFFER_NEMESIS_SEED");
        const quint32 seed =
            given.isEmpty() ? QRandomGenerator::global()->generate() : given.toUInt();
        const int rounds = qEnvironmentVariableIntValue("COFFER_NEMESIS_ROUNDS");
        qInfo("nemesis: COFFER_NEMESIS_SEED=%u", seed);
        PeerProxy network;
        ProcessCluster cluster(std::size_t(size), &network);
        DiskFaults disks(cluster);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        Nemesis nemesis(cluster, network, disks, seed);
        for (int round = 0; round < std::max(rounds, 2); ++round) {
            for (int strike = 0; strike < 4; ++strike) {
                qInfo("%s", qPrintable(nemesis.strike()));
                const std::size_t wanted = load.writes() + 10;
                (void)QTest::qWaitFor([&] { return load.writes() >= wanted; }, 300);
            }
            qInfo("heal");
            nemesis.heal();
            // Whoever was asked to stop while it stood still ends now, and is started then.
            const std::size_t wanted = load.writes() + 30;
            QTRY_VERIFY2_WITH_TIMEOUT((cluster.startAll(), load.writes() >= wanted),
                                      qPrintable(load.describe()), 60'000);
        }
        JUDGE(load);
        Operator admin(cluster);
        WAIT_FOR((cluster.startAll(), cluster.areReady() && areEqual(admin, cluster.size())));
        for (std::size_t index = 0; index < cluster.size(); ++index) {
            const QCborMap status = admin.status(index);
            QVERIFY2(!status.value("fenced"_L1).toBool(), qPrintable(cluster.node(index).log()));
        }
    }
};

QTEST_GUILESS_MAIN(TestNemesis)
#include "tst_nemesis.moc"
