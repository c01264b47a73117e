// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"

#include <QTimer>

#include <chrono>
#include <functional>
#include <optional>

namespace coffer::node {

struct HealthOptions
{
    std::chrono::milliseconds lookEvery{100};
    /// A trouble is logged after this time: an election is over by then.
    std::chrono::milliseconds logAfter{1'000};
    /// Then clients had better be somewhere else.
    std::chrono::milliseconds lostAfter{2'000};
};

/// Whether this node can serve, and for how long it could not: for readiness, for clients that had
/// better go to another node, and for the log, which gets one line when it is lost and one when it
/// serves again. Resource; node thread.
class Health final : public QObject
{
    Q_DISABLE_COPY_MOVE(Health)

public:
    /// Hears why, again and again while the node cannot serve, from lostAfter on.
    using Lost = std::function<void(const QString &why)>;

    /// \a host has to outlive this. \a lost may be called until it ends.
    Health(Host &host, const HealthOptions &options, Lost lost);

    /// Why it cannot serve at this moment, for people; empty if it can.
    [[nodiscard]] QString trouble() const;

private:
    enum class Trouble { none, noLeader, notLeading, diskFull };

    [[nodiscard]] Trouble find() const;
    [[nodiscard]] static QString textOf(Trouble trouble);
    void look();
    void say(Trouble trouble, Monotonic now);

    Host &m_host;
    HealthOptions m_options;
    Lost m_lost;
    QTimer m_timer;
    Trouble m_now = Trouble::none;
    Trouble m_said = Trouble::none;  ///< In the log.
    bool m_hasServed = false;        ///< A node that starts has lost nothing.
    std::optional<Monotonic> m_from; ///< Since when it cannot serve, whatever the reasons.
    Monotonic m_nowFrom{0};          ///< Since when for this reason.
};

} // namespace coffer::node
