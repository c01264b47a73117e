// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/session.h"

#include <QObject>
#include <QPointer>
#include <QTcpSocket>
#include <QWebSocket>

#include <memory>

namespace coffer::rpc {

/// A session on a WebSocket: JSON in text messages, CBOR in binary ones. Deletes itself when the
/// connection ends. Node thread.
class SocketPipe final : public QObject, private Pipe
{
public:
    SocketPipe(std::unique_ptr<QWebSocket> socket, Flights &flights, Caller caller,
               Monotonic openedAt);
    ~SocketPipe() override;

    /// Ends the connection if nothing was heard since the last time; else asks for a sign of life.
    void checkLife();
    /// Ends the connection and tells the peer \a why.
    void end(const QString &why);
    [[nodiscard]] bool isEnding() const { return m_isEnding; }
    [[nodiscard]] Monotonic openedAt() const { return m_openedAt; }
    /// The session; nullptr once the connection has ended.
    [[nodiscard]] Session *session() { return m_session.get(); }

private:
    void receive(const QByteArray &message, Form form);

    void onDisconnected();
    void send(const QByteArray &message, Form form) override;
    void sendNow(const QByteArray &message, Form form) override;
    [[nodiscard]] bool sendPast(const QByteArray &message);
    void flush();
    [[nodiscard]] qint64 unsentBytes() const override;
    void cut(const QString &why) override;

    std::unique_ptr<QWebSocket> m_socket;
    QPointer<QTcpSocket> m_plain; ///< Below m_socket, which owns it; null if it is encrypted.
    std::unique_ptr<Session> m_session;
    Monotonic m_openedAt;
    bool m_isAlive = true;
    bool m_isEnding = false;
    bool m_isFlushing = false;
};

} // namespace coffer::rpc
