// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/peer_frame.h"
#include "net/peer_hello.h"

#include <QSslError>
#include <QTcpSocket>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace coffer::net {

/// One connection to one peer: hellos, then frames both ways.
///
/// Begins to speak when the socket is connected (and encrypted, if it is to be). Resource; node
/// thread. The handlers are called from the event loop; \c ended exactly once, after which nothing
/// comes any more and the owner removes this with deleteLater(). Messages may not come
/// before \c introduced returned nothing.
class PeerConnection final : public QObject
{
    Q_DISABLE_COPY_MOVE(PeerConnection)

public:
    struct Handlers
    {
        /// What the peer said of itself. A sentence refuses it, and is told to it.
        std::function<std::optional<QString>(PeerConnection &)> introduced;
        std::function<void(PeerConnection &, const QByteArray &frame)> received;
        /// Where the peer reached others.
        std::function<void(const QStringList &addresses)> told;
        std::function<void(PeerConnection &, const QString &why)> ended;
    };
    enum class Side { dialled, accepted };

    /// \a own gives this node's hello at the moment when it is sent.
    PeerConnection(std::unique_ptr<QTcpSocket> socket, Side side, std::function<PeerHello()> own,
                   Handlers handlers);
    ~PeerConnection() override;

    /// To be called once when the handlers may be called.
    void begin();

    [[nodiscard]] Side side() const { return m_side; }
    /// What was said; meaningful from `introduced` on.
    [[nodiscard]] const PeerHello &hello() const { return m_hello; }
    [[nodiscard]] bool isEstablished() const { return m_state == State::established; }
    /// Of an accepted one, host and port of the other end as the socket knows it, for people.
    [[nodiscard]] const QString &remote() const { return m_remote; }

    /// Queues one frame for the next flush(). False if it was dropped: the queue is full, or the
    /// connection is not established.
    bool send(const QByteArray &frame);
    /// Queues what `told` gets on the other side.
    void tell(const QStringList &addresses);
    /// Everything queued leaves, in one write.
    void flush();
    [[nodiscard]] std::size_t unsentBytes() const;

    /// Tells the peer \a why, and ends. `ended` is called with that.
    void refuse(const QString &why);
    /// Ends without a word, and without a call of `ended`.
    void close();

private:
    enum class State { connecting, greeting, established, ended };

    void greet();
    void read();
    [[nodiscard]] bool take(const PeerFrame &frame);
    [[nodiscard]] bool takeHello(const QByteArray &payload);
    [[nodiscard]] bool takeAddresses(const QByteArray &payload);
    void checkCertificate(const QList<QSslError> &errors);
    void end(const QString &why);

    std::unique_ptr<QTcpSocket> m_socket;
    Side m_side;
    std::function<PeerHello()> m_own;
    Handlers m_handlers;
    State m_state = State::connecting;
    PeerFrameReader m_reader;
    PeerHello m_hello;
    QByteArray m_out;
    QTimer m_deadline;
    QString m_remote;
    QString m_tlsFault;
};

} // namespace coffer::net
