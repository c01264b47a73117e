// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/actions.h"
#include "agent/files.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/bundle.h"

#include <memory>
#include <optional>
#include <vector>

namespace coffer::agent {

/// A version that the centre wants here.
struct Offer
{
    QByteArray service;
    QByteArray version; ///< "v7"
    config::Hash root;
    QByteArray release = {};
    bool operator==(const Offer &) const = default;
};

/// What became of an offer.
struct Verdict
{
    enum class State {
        healthy,    ///< It is applied.
        failed,     ///< It was not applied; the target shows what it showed.
        rolledBack, ///< It was switched to, and undone: reload or health failed.
        drifted,    ///< It was applied already, and somebody has changed files since.
        held,       ///< The service is held; nothing was done.
        superseded  ///< A newer offer came, or cancel(); not to be reported.
    };
    State state = State::healthy;
    QString error = {};  ///< Why; one or two sentences. Empty if healthy.
    QString output = {}; ///< The end of what the failed command wrote, at most 4 KiB.
};
/// As reports name it: "healthy", "failed", "rolledBack", "drifted", "held"; "superseded".
[[nodiscard]] QByteArray nameOf(Verdict::State state);

/// A version that is, or was, applied here and can be gone back to without the network.
struct Generation
{
    config::Hash root;
    QByteArray version;
    QByteArray release = {};
    bool operator==(const Generation &) const = default;
};

struct FileDiff
{
    enum class Kind { added, removed, changed, rights };
    QByteArray path;
    Kind kind = Kind::changed;
    QByteArray text = {}; ///< A unified diff, or a sentence about rights.
};

/// What differs at the target from what is applied.
struct DriftReport
{
    std::vector<FileDiff> files = {}; ///< As found, before a repair. From applied to found.
    bool isRepaired = false;
    bool isBundleLost = false; ///< The stored bundle was damaged; apply() the same root again.
    QString error = {};        ///< Why it could not be looked at or repaired.
    [[nodiscard]] bool isClean() const { return files.empty() && !isBundleLost && error.isEmpty(); }
};

/// One service on this host: keeps its target at one complete, verified version.
///
/// Guarantees, whatever happens at whatever step (SIGKILL, power loss, a full or read-only disk):
/// a file of the target is never seen partly written; `current` of a directory target always names
/// one whole generation; after recover() a target with several files is one version; and that is
/// the last one that was healthy. Nothing is reported as applied before it is.
///
/// State lies in STATE/services/<service>/: `record`, `bundles/<root>`, `damaged/`. Files that are
/// not ours are never touched; but a file that lies where a version wants one is replaced, and
/// comes back if that version is undone. One thread. What is given to the constructor must outlive
/// it, and it must outlive its tasks: cancel(), then await them.
class Switcher
{
    Q_DISABLE_COPY_MOVE(Switcher)

public:
    struct World
    {
        Files &files;
        Actions &actions;
        const Clock &clock;
        Random &random;
    };
    /// \a state is the agent's state directory, which StateLock holds. checkTarget(target) is ok.
    Switcher(Target target, QByteArray state, World world);
    ~Switcher();

    /// First of all, once: undoes what a crash left half done and verifies what is applied. No
    /// network, no command, no waiting. If it fails (a read-only disk), the target is as the crash
    /// left it, and apply() tries again; the error says why.
    Result<void> recover();
    /// Instead of recover(): reads what is applied, and changes nothing. Then only questions may
    /// be asked, of which scrub() compares, and repairs nothing. `corrupt`: there is no record.
    Result<void> look();
    /// A switch that has begun and is neither confirmed nor undone: recover() undoes it.
    [[nodiscard]] std::optional<Generation> unfinished() const;
    /// Whether the destination can be used. `invalid`, `denied` with what to do.
    [[nodiscard]] Result<void> checkDestination();
    /// Runs the reload that a crash or failure left owed: the application may still use a version
    /// that was undone. Does nothing if none is. apply() begins with it.
    [[nodiscard]] QCoro::Task<Result<void>> settle();

    /// Verifies \a bundle against the root, stages it, runs the check, switches, reloads, waits for
    /// health, and only then calls it applied; otherwise goes back. While another runs it waits; of
    /// those that wait, only the newest is carried out, and it ends a wait for health.
    [[nodiscard]] QCoro::Task<Verdict> apply(Offer offer, QByteArray bundle);
    /// apply() of a generation that is kept, in spite of a hold. `failed` if it is not kept. The
    /// next offer goes over it, unless hold() is called first.
    [[nodiscard]] QCoro::Task<Verdict> rollbackLocal(config::Hash root);
    /// Ends what runs and waits: the target goes back to what is applied. A command is waited for.
    void cancel();
    /// An apply is under way, or waits for its time.
    [[nodiscard]] bool isBusy() const;
    /// Files are about to change, or commands run: an apply that waits for its time does not.
    [[nodiscard]] bool isSwitching() const;
    /// What is applied is all that the target shows: no switch is half undone, no reload owed.
    [[nodiscard]] bool isWhole() const;

    /// What the target shows and was healthy; nothing if there never was anything.
    [[nodiscard]] std::optional<Generation> applied() const;
    /// Newest first; applied() is the first.
    [[nodiscard]] std::vector<Generation> generations() const;
    /// The encoded bundle of a kept generation, verified: to read from, and as a base for deltas.
    /// `notFound`; a damaged one is put aside and `corrupt`.
    [[nodiscard]] Result<QByteArray> bundleBytes(const config::Hash &root);

    /// Until then (this host's wall clock) offers are answered with `held`. Kept over restarts.
    Result<void> hold(WallMs until);
    Result<void> endHold();
    [[nodiscard]] std::optional<WallMs> heldUntil() const;

    /// Compares every file with what is applied, and every stored bundle with its name. With
    /// Drift::repair puts back what differs, and reloads. Clean at once while isSwitching().
    [[nodiscard]] QCoro::Task<DriftReport> scrub();
    /// What applying it would change, from what the target shows now. Changes nothing.
    [[nodiscard]] Result<std::vector<FileDiff>> plan(const QByteArray &bundle);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace coffer::agent
