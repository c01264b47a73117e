// SPDX-License-Identifier: Apache-2.0
#include "net/spawn.h"

#include <QLoggingCategory>

#include <exception>

namespace coffer {
namespace {

Q_LOGGING_CATEGORY(spawnLog, "coffer.spawn")

[[nodiscard]] QCoro::Task<void> guarded(QCoro::Task<void> task, const char *name)
{
    try {
        co_await task;
    } catch (const std::exception &thrown) {
        qCCritical(spawnLog, "%s: threw: %s", name, thrown.what());
    } catch (...) {
        qCCritical(spawnLog, "%s: threw something that is no std::exception", name);
    }
}

[[nodiscard]] QCoro::Task<void> reported(QCoro::Task<Result<void>> task, const char *name)
{
    const Result<void> done = co_await task;
    if (!done)
        qCWarning(spawnLog, "%s: %s", name, qUtf8Printable(done.error().message));
}

} // namespace

void spawn(QCoro::Task<void> task, const char *name)
{
    // A Task that dies unfinished leaves its coroutine alive, which ends itself.
    [[maybe_unused]] const QCoro::Task<void> running = guarded(std::move(task), name);
}

void spawn(QCoro::Task<Result<void>> task, const char *name)
{
    spawn(reported(std::move(task), name), name);
}

} // namespace coffer
