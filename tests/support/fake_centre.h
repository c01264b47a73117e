// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/system_clock.h"
#include "config/bundle.h"
#include "net/http_server.h"
#include "rpc/front_door.h"
#include "rpc/registry.h"
#include "rpc/subscription.h"
#include "support/fake_network.h"

#include <QCborArray>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::test {

/// What an agent talks to: join, follow, fetch and report, played by the test; for one agent at a
/// time. Behind `network`, or on a port of loopback.
class FakeCentre
{
public:
    struct Version
    {
        QString name;
        QByteArray bundle; ///< Encoded.
        [[nodiscard]] QString root() const
        {
            return QString::fromLatin1(config::rootOf(bundle).hex());
        }
    };

    FakeCentre();
    ~FakeCentre();
    FakeCentre(const FakeCentre &) = delete;
    FakeCentre &operator=(const FakeCentre &) = delete;

    /// Listens on loopback, the first time on any free port and then on that; where it is.
    [[nodiscard]] QString open();
    /// Hangs up on everybody, and does not listen.
    void close();

    /// What is wanted of \a service from now on; said at once to who follows.
    void publish(const QString &service, const QString &version, const QByteArray &bundle);
    void beat();
    void send(const QCborMap &event);

    agent::SystemClock clock;
    rpc::Registry registry;
    FakeNetwork network{registry, clock};
    std::map<QString, Version> wanted;
    std::map<QByteArray, QByteArray> bases;  ///< Bundles to pack against, by root.
    std::optional<rpc::Failure> refusal;     ///< Of follow.
    std::function<void()> onFollow;          ///< Before each follow is answered.
    std::optional<rpc::Failure> reportFault; ///< Of the next report.
    std::optional<rpc::Failure> fetchFault;  ///< Of the next fetch.
    bool isComplete = true;                  ///< A heartbeat follows the offers.
    bool isLying = false;                    ///< Fetches have one bit wrong.
    bool isForgettingBases = false;          ///< What it packs against a base is spoilt.
    qsizetype pieceBytes = 100;
    /// What it says of where bundles come from; nothing: it does not know such a question.
    std::optional<QByteArray> origins;
    int originsAsked = 0; ///< These are not among the fetches.
    std::vector<QCborMap> follows;
    std::vector<QCborMap> fetches;
    std::vector<QCborMap> reports; ///< Each of one service.
    /// The last report's state; empty if there is none.
    [[nodiscard]] QString lastState() const;
    [[nodiscard]] QString lastVersion() const;

    /// A bundle with one file.
    [[nodiscard]] static QByteArray bundleOf(const QByteArray &path, const QByteArray &bytes);

private:
    struct Stream;
    struct Door
    {
        Door(rpc::Registry &of, const Clock &clock) : door(of, router, clock), server(router, clock)
        {}
        net::HttpRouter router;
        rpc::FrontDoor door;
        net::HttpServer server;
    };

    [[nodiscard]] static QCoro::Task<void> pump(std::shared_ptr<Stream> stream);
    [[nodiscard]] QCoro::Task<rpc::Outcome> join(rpc::Call &call);
    [[nodiscard]] QCoro::Task<rpc::Outcome> follow(rpc::Call &call);
    [[nodiscard]] QCoro::Task<rpc::Outcome> fetch(rpc::Call &call);
    [[nodiscard]] QCoro::Task<rpc::Outcome> report(rpc::Call &call);
    void offer(const QString &service);

    std::vector<rpc::Registration> m_registrations;
    std::shared_ptr<Stream> m_stream; // shared with what sends
    int m_tickets = 0;
    quint16 m_port = 0;
    std::unique_ptr<Door> m_door;
};

} // namespace coffer::test
