// SPDX-License-Identifier: Apache-2.0
#include "node/own_address.h"

#include <QTest>

using namespace coffer;
using namespace coffer::node;

static Settings settingsOf(const QStringList &peers, const QString &listen)
{
    Settings settings;
    settings.peers = peers;
    settings.listenPeers = listen;
    return settings;
}

class TestOwnAddress : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void find_takesTheAdvertisedOneFirst()
    {
        Settings settings = settingsOf({"a:1", "b:1"}, "a:1");
        settings.advertisePeers = "elsewhere:9";
        QCOMPARE(findOwnAddress(settings).value(), "elsewhere:9");
    }

    void find_takesTheListenAddressIfItIsListed()
    {
        QCOMPARE(findOwnAddress(settingsOf({"127.0.0.1:1", "127.0.0.1:2"}, "127.0.0.1:2")).value(),
                 "127.0.0.1:2");
    }

    void find_takesTheNameOfThisMachineWithThatPort()
    {
        const auto isLocal = [](const QString &host) { return host == "n2"; };
        QCOMPARE(
            findOwnAddress(settingsOf({"n1:7401", "n2:7401", "n3:7401"}, "0.0.0.0:7401"), isLocal)
                .value(),
            "n2:7401");
    }

    void find_saysWhatToDoIfThereIsNoneOrSeveral()
    {
        const auto everything = [](const QString &) { return true; };
        const auto nothing = [](const QString &) { return false; };
        const Settings settings = settingsOf({"n1:1", "n2:1", "n3:2"}, "0.0.0.0:1");
        const auto none = findOwnAddress(settings, nothing);
        QVERIFY(!none && none.error().message.contains("none of its addresses"));
        QVERIFY(none.error().message.contains("--advertise-peers"));
        const auto both = findOwnAddress(settings, everything);
        QVERIFY(!both && both.error().message.contains("n1:1 and n2:1"));
    }

    void isThisMachine_knowsLoopbackAndNoStranger()
    {
        QVERIFY(isThisMachine("127.0.0.1"));
        QVERIFY(!isThisMachine("192.0.2.1")); // kept for documentation, nobody's
    }
};

QTEST_GUILESS_MAIN(TestOwnAddress)
#include "tst_own_address.moc"
