// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/data_directory.h"
#include "node/host.h"
#include "node/lane_threads.h"
#include "node/peer_link.h"
#include "node/system.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"
#include "storage/sqlite_checkpoint.h"

#include <QSemaphore>
#include <QThread>

#include <functional>
#include <memory>

namespace coffer::bench {

/// A node on real files and real sockets in a thread of its own, without services. Ends the
/// program if anything fails. Resource.
class NodeThread final : public QThread
{
public:
    struct Settings
    {
        QString directory;
        QStringList peers; ///< Empty: a cluster of one.
        QString address;   ///< The own one of them.
    };

    explicit NodeThread(Settings settings);
    ~NodeThread() override;

    /// Has \a call done in the node's loop, and waits for it.
    void inLoop(const std::function<void(node::Host &)> &call);

private:
    void run() override;

    Settings m_settings;
    node::Host *m_host = nullptr; ///< Of the thread; null until it has started.
    QSemaphore m_started;
};

} // namespace coffer::bench
