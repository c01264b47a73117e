// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_listeners.h"

#include <QTcpSocket>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using pluginapi::Listeners;

struct PluginListeners::Port
{
    QTcpServer server;
    Serve serve;
    int connectionsMax = 0;
    std::shared_ptr<int> connections = std::make_shared<int>(0); // shared with them
};

namespace {

struct Address
{
    QHostAddress host;
    quint16 port = 0;
};

Result<Address> addressOf(const QString &name, const QString &text)
{
    const qsizetype colon = text.lastIndexOf(u':');
    QString host = text.left(std::max<qsizetype>(colon, 0));
    if (host.startsWith(u'[') && host.endsWith(u']'))
        host = host.sliced(1, host.size() - 2);
    bool isNumber = false;
    const quint16 port = text.mid(colon + 1).toUShort(&isNumber);
    const QHostAddress address =
        host == "localhost"_L1 ? QHostAddress(QHostAddress::LocalHost) : QHostAddress(host);
    if (colon < 0 || !isNumber || address.isNull())
        return Error{ErrorCode::invalid,
                     u"listen.%1: '%2' is no address of this machine; expected one as "
                     "127.0.0.1:8046"_s.arg(name, text.left(64))};
    return Address{address, port};
}

/// The socket dies in a turn of its own: whoever lets go of it may stand within one of its signals.
void dispose(QTcpSocket *socket)
{
    socket->abort();
    socket->deleteLater();
}

} // namespace

/// Serves one connection, which counts until then.
static QCoro::Task<void> attend(std::shared_ptr<PluginRun> run, std::shared_ptr<QTcpSocket> socket,
                                Listeners::Serve serve, std::shared_ptr<int> connections)
{
    const PluginRun::Frame frame(run);
    const PluginRun::Ticket ticket =
        run->when(PluginRun::Moment::stop, [socket = socket.get()] { socket->abort(); });
    try {
        const QCoro::Task<void> task = run->enter(u"a connection"_s, [&] { return serve(socket); });
        co_await task;
    } catch (...) {
        (void)run->caught("a connection");
    }
    --*connections;
    socket->abort();
}

PluginListeners::PluginListeners(std::shared_ptr<PluginRun> run,
                                 const pluginapi::PluginSettings &settings, bool isOpenToAll)
    : m_run(std::move(run))
    , m_settings(settings)
    , m_isOpenToAll(isOpenToAll)
    , m_ticket(m_run->when(PluginRun::Moment::stop, [this] { m_ports.clear(); }))
{}

PluginListeners::~PluginListeners() = default;

void PluginListeners::accept(Port &port)
{
    while (QTcpSocket *next = port.server.nextPendingConnection()) {
        next->setParent(nullptr);
        const std::shared_ptr<QTcpSocket> socket(next, &dispose); // shared with the plugin
        if (*port.connections >= port.connectionsMax)
            continue;
        ++*port.connections;
        coffer::spawn(attend(m_run, socket, port.serve, port.connections), "plugin connection");
    }
}

Result<quint16> PluginListeners::listen(QString name, Options options, Serve serve)
{
    if (m_run->isStopping())
        return m_run->goneError(ErrorCode::unavailable);
    const QCborValue wanted = m_settings.values().value(u"listen"_s).toMap().value(name);
    const QString text = wanted.isString() ? wanted.toString() : options.address;
    const Result<Address> address = addressOf(name, text);
    if (!address)
        return address.error();
    if (!m_isOpenToAll && !address->host.isLoopback())
        return Error{ErrorCode::refused,
                     u"listen.%1: '%2' can be reached from other machines: listen on 127.0.0.1, or "
                     "say --open-to-all yes if only those can who may"_s.arg(name, text)};
    auto port = std::make_unique<Port>();
    port->serve = std::move(serve);
    port->connectionsMax = options.connectionsMax;
    if (!port->server.listen(address->host, address->port))
        return Error{ErrorCode::io, u"listen.%1: cannot listen at %2: %3"_s.arg(
                                        name, text, port->server.errorString())};
    QObject::connect(&port->server, &QTcpServer::newConnection, &port->server,
                     [this, at = port.get()] { accept(*at); });
    m_ports.push_back(std::move(port));
    return m_ports.back()->server.serverPort();
}

} // namespace coffer::pluginhost
