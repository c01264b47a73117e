// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"
#include "client/remote_store.h"
#include "node/client_service.h"
#include "support/solo_node.h"

#include <QCoroTask>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>
#include <QTimer>

using namespace coffer;
using namespace Qt::StringLiterals;
using std::chrono::milliseconds;

namespace {

/// Passes a few bytes on, now and then.
class Trickle
{
public:
    static constexpr qint64 bytes = 32'768;
    static constexpr milliseconds every{10};

    Trickle(QTcpSocket &from, QTcpSocket &to) : m_from(from), m_to(to)
    {
        m_from.setReadBufferSize(bytes);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] {
            if (m_to.state() == QAbstractSocket::ConnectedState && m_to.bytesToWrite() == 0)
                m_to.write(m_from.read(bytes));
        });
        m_timer.start(every);
    }

private:
    QTcpSocket &m_from;
    QTcpSocket &m_to;
    QTimer m_timer;
};

/// A link to a node over which a mebibyte takes a third of a second, in both directions.
class SlowWay
{
public:
    explicit SlowWay(quint16 to) : m_to(to)
    {
        QObject::connect(&m_server, &QTcpServer::newConnection, &m_server, [this] {
            while (QTcpSocket *socket = m_server.nextPendingConnection())
                m_pairs.push_back(std::make_unique<Pair>(*socket, m_to));
        });
        if (!m_server.listen(QHostAddress(QHostAddress::LocalHost)))
            qFatal("no port");
    }
    [[nodiscard]] QUrl url() const
    {
        return QUrl(u"http://127.0.0.1:%1"_s.arg(m_server.serverPort()));
    }

private:
    struct Pair
    {
        Pair(QTcpSocket &socket, quint16 to) : near(socket), up(near, far), down(far, near)
        {
            // Else the system takes a megabyte at once, and confirms it.
            near.setSocketOption(QAbstractSocket::ReceiveBufferSizeSocketOption, 32'768);
            QObject::connect(&near, &QTcpSocket::disconnected, &far, &QTcpSocket::abort);
            QObject::connect(&far, &QTcpSocket::disconnected, &near, &QTcpSocket::abort);
            far.connectToHost(QHostAddress(QHostAddress::LocalHost), to);
        }
        QTcpSocket &near; ///< A child of the server.
        QTcpSocket far;
        Trickle up;
        Trickle down;
    };

    quint16 m_to;
    QTcpServer m_server;
    std::vector<std::unique_ptr<Pair>> m_pairs;
};

} // namespace

/// The client's link, over a network that is slow.
class TestWebSocketLink : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_node.waitUntilServing());
        const Result<QString> place = m_service.start(m_node.host());
        QVERIFY2(place, place ? "" : qPrintable(place.error().message));
    }

    /// Each message takes far longer than a silent node is waited for. Without signs of life on the
    /// way no try would ever arrive.
    void slowAnswer_isNoSilence()
    {
        SlowWay way(m_service.port());
        client::Client client(patient(way));
        client::RemoteStore store(client);
        QVERIFY(QCoro::waitFor(m_service.store().put("/large", m_value)));
        const auto file = QCoro::waitFor(store.get("/large"));
        QVERIFY2(file, file ? "" : qPrintable(file.error().message));
        QCOMPARE((*file)->value.size(), m_value.size());
    }
    void slowQuestion_isNoSilence()
    {
        SlowWay way(m_service.port());
        client::Client client(patient(way));
        client::RemoteStore store(client);
        const Result<Revision> put = QCoro::waitFor(store.put("/up", m_value));
        QVERIFY2(put, put ? "" : qPrintable(put.error().message));
    }

private:
    static client::Options patient(const SlowWay &way)
    {
        client::Options options;
        options.nodes = {way.url()};
        options.pingEvery = milliseconds(40);
        return options;
    }

    test::SoloNode m_node;
    node::ClientService m_service{u"127.0.0.1:0"_s};
    const QByteArray m_value = QByteArray(1'000'000, '\xfe');
};

QTEST_GUILESS_MAIN(TestWebSocketLink)
#include "tst_web_socket_link.moc"
