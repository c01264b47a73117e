// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/service_manager.h"
#include "node/data_directory.h"
#include "node/host.h"
#include "node/lane_threads.h"
#include "node/metered.h"
#include "node/peer_link.h"
#include "node/service.h"
#include "node/settings.h"
#include "node/system.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"
#include "storage/sqlite_checkpoint.h"

#include <QElapsedTimer>

#include <memory>
#include <vector>

namespace coffer::node {

/// A node process: disk, threads, peers, engine and services, put together. Node thread.
///
/// Ends the event loop with the exit code of the process.
class Daemon final : public QObject
{
    Q_DISABLE_COPY_MOVE(Daemon)

public:
    /// Exit codes of cofferd; documented in --help.
    enum Exit { stopped = 0, notStarted = 1, badSetting = 2, replicaFailed = 3 };

    /// \a metrics gathers what the node measures; it has to outlive this.
    Daemon(Settings settings, prometheus::Registry &metrics);
    ~Daemon() override;

    /// Before start(); services are started in this order and stopped in the reverse.
    void addService(std::unique_ptr<Service> service);

    /// Opens the disk, joins the peers, starts the services. Logs what is wrong; anything but
    /// `stopped` is the code with which the process has to end.
    [[nodiscard]] Exit start();

    /// Hands leadership over, finishes what is in flight, and ends the event loop with 0; after
    /// Settings::stopTimeout at the latest.
    void stop();

    [[nodiscard]] const Settings &settings() const { return m_settings; }
    /// Only after start().
    [[nodiscard]] Host &host() { return *m_host; }

private:
    [[nodiscard]] Result<void> openDisk();
    [[nodiscard]] Result<void> makePeers();
    [[nodiscard]] Result<void> makeHost();
    [[nodiscard]] Result<void> joinPeers();
    [[nodiscard]] Result<void> checkAlone() const;
    [[nodiscard]] Result<void> startServices();
    void look();
    void sayReady(const engine::Status &status);
    void handOver();
    void lookWhetherOver();
    [[noreturn]] static void failed(const Error &error);
    void finish(const char *how);

    Settings m_settings;
    QElapsedTimer m_age;
    SystemClock m_clock;
    SystemRandom m_random;
    net::ServiceManager m_manager;
    std::unique_ptr<DataDirectory> m_directory;
    std::unique_ptr<storage::FileJournal> m_journal;
    std::unique_ptr<storage::SqliteCheckpoint> m_checkpoint;
    prometheus::Registry &m_metrics;
    prometheus::Counter &m_leaderChanges;
    std::optional<MeteredJournal> m_meteredJournal;
    std::optional<MeteredCheckpoint> m_meteredCheckpoint;
    NoLink m_noLink;
    std::unique_ptr<PeerLink> m_peers; ///< Null for a cluster of one.
    LaneThreads m_threads;
    std::unique_ptr<Host> m_host;
    std::vector<std::unique_ptr<Service>> m_services;
    std::optional<QSslConfiguration> m_tls;
    QString m_address;    ///< Where peers reach this node; empty for a cluster of one.
    QStringList m_places; ///< Where services can be reached.
    NodeId m_toldLeader;
    Epoch m_toldEpoch;
    QTimer m_lookTimer;     ///< Until the node is ready, and again while it hands over.
    int m_unstopped = 0;    ///< Services that still answer.
    bool m_hasNews = false; ///< An entry was applied that changes who leads or who belongs.
    bool m_isReady = false;
    bool m_isStopping = false;
};

} // namespace coffer::node
