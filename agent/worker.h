// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/fetcher.h"
#include "agent/origin_files.h"
#include "agent/reporter.h"
#include "agent/switcher.h"

#include <QTimer>

namespace coffer::agent {

/// What an agent is there for.
enum class Duty {
    keep, ///< To apply what is wanted.
    act,  ///< To do what it is asked, and nothing by itself.
    look  ///< To answer questions: nothing on the disk changes.
};

/// How one service stands on this host, for people and programs. Value.
struct ServiceStatus
{
    Report report; ///< What is said of it; service and state are always there.
    std::optional<Generation> applied = {};
    std::optional<Wanted> wanted = {}; ///< As last offered; nothing: no offer yet, or withdrawn.
    std::optional<WallMs> heldUntil = {};
    int tries = 0; ///< Of what is wanted, failed so far.
    bool isBusy = false;
    bool isGivenUp = false; ///< It failed too often; a newer offer ends that.
};

/// Brings one service to what is wanted of it: fetches, hands over to the Switcher, reports, and
/// tries a failed version again, a bounded number of times with growing pauses, until a newer one
/// is offered.
///
/// Resource; one thread, with an event loop. What is given to the constructor outlives it. It must
/// be idle when it is destroyed: retire(), then wait for idle().
class Worker final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Worker)

public:
    struct World
    {
        client::Client *client; ///< nullptr while this host has not joined.
        Follower *follower;     ///< The same.
        Reporter *reporter;     ///< The same.
        Files &files;
        const Clock &clock;
        Random &random;
        Duty duty = Duty::keep;
    };
    static constexpr int triesMax = 5;
    /// After a switch, at some moment within it the node is asked where what it brought comes from.
    static constexpr std::chrono::milliseconds originsWithin{2'000};

    Worker(Target target, QString state, std::unique_ptr<Actions> actions, World world);

    /// First of all: the local half gets ready, or only reads what is there (Duty::look). What is
    /// wrong is logged, and shown as `failed`.
    void recover();
    /// The network has come, or has another identity.
    void setNetwork(client::Client *client, Follower *follower, Reporter *reporter);

    [[nodiscard]] const Target &target() const { return m_target; }
    [[nodiscard]] QString service() const { return QString::fromUtf8(m_target.service); }
    [[nodiscard]] Switcher &switcher() { return m_switcher; }
    /// Where what is in the kept versions comes from, as far as nodes have said it.
    [[nodiscard]] OriginFiles &origins() { return m_origins; }
    [[nodiscard]] ServiceStatus status() const;
    /// Nothing is under way, and nothing waits that was not tried at least once.
    [[nodiscard]] bool isSettled() const;
    /// It is about to ask where what it has applied comes from.
    [[nodiscard]] bool willAskForOrigins() const { return m_originsDue.isActive(); }

    void want(const Wanted &wanted);
    /// Nothing is wanted any more: what is applied stays, and what was not yet, is given up.
    void withdraw();
    /// Compares files with what is applied, repairs where the target says so, and reports.
    [[nodiscard]] Task<DriftReport> scrub();
    /// What applying what is wanted would change. `notFound` if nothing is wanted.
    [[nodiscard]] Task<Result<std::vector<FileDiff>>> plan();
    /// Another version that is kept here, and a hold, so that it stays.
    [[nodiscard]] Task<Verdict> rollBack(config::Hash root);
    [[nodiscard]] Result<void> hold(std::optional<std::chrono::seconds> time);
    [[nodiscard]] Result<void> release();
    /// Ends what is under way; nothing new is begun.
    void retire();
    [[nodiscard]] bool isIdle() const { return m_underWay == 0; }

Q_SIGNALS:
    /// status() is another one.
    void changed(const QString &service);
    void idle();

private:
    class Busy;
    /// Something that is wrong, as in a Report.
    struct Trouble
    {
        QString state;
        QString error;
        QString output = {};
        std::optional<Wanted> tried = {}; ///< The offer that it speaks of.
        bool operator==(const Trouble &) const = default;
    };
    [[nodiscard]] Result<void> getReady();
    void kick();
    [[nodiscard]] Task<void> fetchAndApply();
    [[nodiscard]] Task<void> apply(Wanted wanted, QByteArray bundle);
    [[nodiscard]] Task<void> settle();
    [[nodiscard]] Task<Result<QByteArray>> obtain(Wanted wanted);
    void askForOriginsSoon();
    [[nodiscard]] Task<void> askForOrigins(Wanted wanted);
    void onNotFetched(const Error &why);
    void onVerdict(const Wanted &wanted, const Verdict &verdict);
    void onScrubbed(const DriftReport &drift);
    /// Counts one more try. False: it was the last one.
    [[nodiscard]] bool mayTryAgain();
    [[nodiscard]] Trouble trouble() const;
    void say();
    [[nodiscard]] bool isHeld() const;

    Target m_target;
    std::unique_ptr<Actions> m_actions;
    World m_world;
    Switcher m_switcher;
    OriginFiles m_origins;
    Report m_report;
    std::optional<Trouble> m_failure; ///< Why what is wanted is not applied.
    std::optional<Trouble> m_drift;   ///< How files differ from what is applied.
    QString m_holdReason;
    bool m_isBundleLost = false; ///< That of what is applied.
    std::optional<Wanted> m_wanted;
    std::optional<Wanted> m_done;  ///< The offer that was carried out last.
    std::optional<Wanted> m_taken; ///< What was handed over last, or is applied.
    bool m_isFetching = false;
    bool m_needsOffer = false; ///< It was not fetched, and can be as soon as a node offers it anew.
    bool m_isRetired = false;
    int m_tries = 0;
    int m_underWay = 0;
    Backoff m_applyBackoff;
    Backoff m_fetchBackoff;
    QTimer m_again;
    QTimer m_holdEnd;
    QTimer m_originsDue;
};

} // namespace coffer::agent
