// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/actions.h"
#include "agent/switcher.h"
#include "unit/agent/memory_files.h"

#include "base/eventual.h"

#include <QCoro/QCoroTask>

#include <map>
#include <set>

namespace coffer::agent {

/// Commands by script, and time that passes when somebody waits.
class FakeActions final : public Actions, public Clock
{
public:
    [[nodiscard]] QCoro::Task<CommandOutcome> run(Command command,
                                                  Environment environment) override;
    [[nodiscard]] Result<bool> signal(std::int64_t process, int number) override;
    [[nodiscard]] QCoro::Task<void> pause(std::chrono::milliseconds duration) override;
    void wake() override {}
    [[nodiscard]] Monotonic monotonic() const override { return now; }
    [[nodiscard]] WallMs wall() const override { return wallNow; }

    /// What the runs of a program give, in this order; the last one for ever. Default: ok.
    std::map<QByteArray, std::vector<bool>> script = {};
    std::vector<QByteArray> ran = {};                    ///< "/check v2", in their order.
    std::vector<Environment> environments = {};          ///< Of the same.
    std::vector<std::pair<std::int64_t, int>> sent = {}; ///< Signals.
    std::function<void(const QByteArray &)> onRun = {};  ///< Hears the program before each run.
    std::function<void()> onPause = {};                  ///< Hears of each pause.
    /// Runs of this program wait until open() is called.
    QByteArray gated = {};
    void open();
    bool isProcessThere = true;
    Monotonic now{0};
    WallMs wallNow{1'000'000};

private:
    std::vector<Eventual<bool>::Setter> m_gates;
};

inline const QByteArray destination = "/etc/shop";
inline const QByteArray stateDirectory = "/var/state";

/// One version of the test service.
struct Version
{
    QByteArray name;
    config::Bundle bundle;
    [[nodiscard]] QByteArray bytes() const { return config::encode(bundle); }
    [[nodiscard]] config::Hash root() const { return config::rootOf(bytes()); }
    [[nodiscard]] Offer offer() const { return {"shop", name, root(), "r" + name}; }
};
/// Differ in everything that can differ: bytes, modes, files and directories that come and go.
[[nodiscard]] Version versionOne();
[[nodiscard]] Version versionTwo();
[[nodiscard]] Version versionThree();

[[nodiscard]] Target targetOf(Target::Style style);

/// A host: its disk, its commands and a switcher that can be started again and again.
class Host
{
public:
    explicit Host(Target target);
    Host(Target target, const MemoryFiles &disk);

    /// The agent starts, anew if need be.
    Result<void> start();
    Verdict apply(const Version &version);
    [[nodiscard]] Switcher &switcher() { return *m_switcher; }

    /// What is at the target, by path; only what is the service's or was there before.
    [[nodiscard]] std::map<QByteArray, QByteArray> shown();
    /// Which of the versions the target shows, exactly; "none" for nothing of ours; else "mixture".
    [[nodiscard]] QByteArray showsVersion();
    /// Whether each file of the target is one of a version, whole.
    [[nodiscard]] bool areFilesWhole();
    /// Whether a work directory, or anything of it, is left.
    [[nodiscard]] bool isTidy();

    Target target;
    MemoryFiles disk;
    FakeActions actions;
    SeededRandom random{7};

private:
    /// The directory in which files of the version lie that is shown; "" if there is none.
    [[nodiscard]] QByteArray base();
    [[nodiscard]] bool isExactly(const Version &version);
    std::unique_ptr<Switcher> m_switcher;
};

} // namespace coffer::agent
