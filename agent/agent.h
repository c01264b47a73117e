// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ask.h"
#include "agent/identity.h"
#include "agent/local_versions.h"
#include "agent/status.h"

#include <QTimer>

namespace coffer::agent {

/// Keeps one host at what is wanted of it: a Worker for each target, and one way to the cluster.
///
/// Resource; one thread, with an event loop. Holds no lock: who makes one has the StateLock.
/// To be destroyed after stopped(), or without having been connected.
class Agent final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Agent)

public:
    struct World
    {
        Files &files;
        const Clock &clock;
        Random &random;
        std::function<std::unique_ptr<Actions>()> makeActions;
        Duty duty = Duty::keep;
    };

    Agent(Settings settings, World world);
    ~Agent() override;

    /// What is to be kept right from now on. Every new target is recovered at once: what was last
    /// good is in force when this returns, whatever the network does.
    void setTargets(std::vector<Target> targets);
    /// Follows the cluster from now on, for ever; a host that has not joined waits until it has.
    void connectToCluster();
    /// Ends what is under way and emits stopped().
    void stop();

    [[nodiscard]] AgentStatus status() const;
    /// Everything that is wanted is known, and nothing is left to be done or said.
    [[nodiscard]] bool isSettled() const;
    /// isSettled(), and no service is about to ask where what it has applied comes from.
    [[nodiscard]] bool isSettledWithOrigins() const;
    /// All services have what is wanted of them.
    [[nodiscard]] bool isConverged() const;
    /// Answers a question of this host; everything but Verb::watch.
    [[nodiscard]] Task<Result<QJsonObject>> answer(Ask ask);
    /// LocalVersions::news() of \a service. `notFound` if that has no target.
    [[nodiscard]] Result<std::optional<QJsonObject>> news(const QString &service, const Seen &seen);

Q_SIGNALS:
    void changed(const coffer::agent::ServiceStatus &service);
    /// isSettled() may have become true.
    void progressed();
    void stopped();

private:
    struct Network
    {
        Network(client::Options clientOptions, Follower::Options followOptions, Random &random)
            : client(std::move(clientOptions))
            , follower(client, std::move(followOptions), random)
            , reporter(client, follower, random)
        {}
        client::Client client;
        Follower follower;
        Reporter reporter;
    };

    void lookForIdentity();
    [[nodiscard]] Result<Identity> withInstance(Identity identity) const;
    void openNetwork(const Identity &identity);
    void reconcile();
    void addWorker(const Target &target);
    void onIdle(Worker *worker);
    void scrubAll();
    [[nodiscard]] QStringList services() const;
    [[nodiscard]] std::map<QString, Had> has() const;
    [[nodiscard]] Result<Worker *> find(const QString &service) const;
    [[nodiscard]] std::vector<QPointer<Worker>> chosen(const QString &service) const;
    [[nodiscard]] Result<QJsonObject> history(const Ask &ask) const;
    [[nodiscard]] Result<QJsonObject> file(const Ask &ask) const;
    [[nodiscard]] Result<QJsonObject> applied(const Ask &ask);
    [[nodiscard]] Result<QJsonObject> why(const Ask &ask);
    [[nodiscard]] Task<Result<QJsonObject>> diff(Ask ask);
    [[nodiscard]] Task<Result<QJsonObject>> plan(Ask ask);
    [[nodiscard]] Task<Result<QJsonObject>> rollBack(Ask ask);

    Settings m_settings;
    World m_world;
    std::chrono::steady_clock::time_point m_startedAt;
    std::vector<Target> m_targets; ///< What is to be.
    std::map<QString, std::unique_ptr<Worker>> m_workers;
    std::map<QString, Wanted> m_wanted; ///< As last offered, also of what has no target.
    std::optional<Identity> m_identity;
    QString m_joinTrouble; ///< Why it is not connected, if it is not.
    std::unique_ptr<Network> m_network;
    LocalVersions m_versions;
    QTimer m_identityTimer;
    QTimer m_scrubTimer;
    bool m_isStopping = false;
};

} // namespace coffer::agent
