// SPDX-License-Identifier: Apache-2.0
#include "net/service_manager.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace coffer::net;

/// What systemd has on the other side.
class Manager
{
public:
    explicit Manager(const QByteArray &path) : m_socket(::socket(AF_UNIX, SOCK_DGRAM, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        qstrncpy(address.sun_path, path.constData(), sizeof address.sun_path);
        m_isBound =
            ::bind(m_socket, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
    }
    ~Manager() { ::close(m_socket); }
    [[nodiscard]] bool isBound() const { return m_isBound; }
    /// The next message; empty if there is none.
    [[nodiscard]] QByteArray next() const
    {
        char bytes[256];
        const auto size = ::recv(m_socket, bytes, sizeof bytes, MSG_DONTWAIT);
        return size > 0 ? QByteArray(bytes, size) : QByteArray();
    }

private:
    int m_socket;
    bool m_isBound = false;
};

class TestServiceManager : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup()
    {
        qunsetenv("NOTIFY_SOCKET");
        qunsetenv("WATCHDOG_USEC");
    }

    void messages_arriveInOrder()
    {
        QTemporaryDir folder;
        const QByteArray path = folder.filePath("notify").toUtf8();
        const Manager manager(path);
        QVERIFY(manager.isBound());
        qputenv("NOTIFY_SOCKET", path);
        ServiceManager service;
        service.ready("waiting");
        service.setStatus("serving");
        service.stopping();
        QCOMPARE(manager.next(), QByteArray("READY=1\nSTATUS=waiting"));
        QCOMPARE(manager.next(), QByteArray("STATUS=serving"));
        QCOMPARE(manager.next(), QByteArray("STOPPING=1"));
        QCOMPARE(manager.next(), QByteArray());
    }

    void watchdog_isFedFromTheLoop()
    {
        QTemporaryDir folder;
        const QByteArray path = folder.filePath("notify").toUtf8();
        const Manager manager(path);
        qputenv("NOTIFY_SOCKET", path);
        qputenv("WATCHDOG_USEC", "30000");
        ServiceManager service;
        service.ready("waiting");
        QCOMPARE(manager.next(), QByteArray("READY=1\nSTATUS=waiting"));
        QTRY_COMPARE(manager.next(), QByteArray("WATCHDOG=1"));
    }

    void nobodyListens_isHarmless()
    {
        ServiceManager none;
        none.ready("waiting");
        qputenv("NOTIFY_SOCKET", QByteArray("/") + QByteArray(300, 'x'));
        ServiceManager tooLong;
        tooLong.ready("waiting");
        tooLong.stopping();
    }
};

QTEST_GUILESS_MAIN(TestServiceManager)
#include "tst_service_manager.moc"
