// SPDX-License-Identifier: Apache-2.0
#include "agent/switcher_p.h"
#include "agent/trust.h"

#include <limits>
#include <sys/types.h>

namespace coffer::agent {

using std::chrono::milliseconds;

static const CommandOutcome done{.isOk = true};

Environment Switcher::Impl::environmentOf(const Generation &generation) const
{
    return {{"COFFER_SERVICE", target.service},
            {"COFFER_VERSION", generation.version},
            {"COFFER_ROOT", generation.root.hex()}};
}

QCoro::Task<CommandOutcome> Switcher::Impl::check(Generation to)
{
    if (target.check.isEmpty())
        co_return done;
    Environment environment = environmentOf(to);
    environment.insert({"COFFER_STAGED", swap.stagedPath()});
    co_return co_await world.actions.run(target.check, environment);
}

QCoro::Task<CommandOutcome> Switcher::Impl::reload(Generation to)
{
    switch (target.reload.kind) {
    case Reload::Kind::none: break;
    case Reload::Kind::command:
        co_return co_await world.actions.run(target.reload.command, environmentOf(to));
    case Reload::Kind::systemd: {
        const Command command{
            .argv = {"/usr/bin/systemctl", "reload-or-restart", target.reload.unit},
            .timeout = target.reload.command.timeout};
        co_return co_await world.actions.run(command, environmentOf(to));
    }
    case Reload::Kind::signal: co_return sendSignal();
    }
    co_return done;
}

CommandOutcome Switcher::Impl::sendSignal()
{
    const QString path = QString::fromUtf8(target.reload.pidFile);
    if (const Result<void> trusted = checkPidFile(world.files, target.reload.pidFile); !trusted)
        return {.reason = trusted.error().message};
    const Result<QByteArray> text = world.files.read(target.reload.pidFile, 64);
    if (!text && text.error().code == ErrorCode::notFound)
        return done; // Nobody runs, so nobody uses the old version.
    if (!text)
        return {.reason = text.error().message};
    if (text->trimmed().isEmpty())
        return done; // Nobody has written it yet: `nginx -t` leaves such a file.
    bool isNumber = false;
    const std::int64_t process = text->trimmed().toLongLong(&isNumber);
    if (!isNumber || process <= 1 || process > std::numeric_limits<pid_t>::max())
        return {.reason = QStringLiteral("found no process id in %1").arg(path)};
    const Result<bool> sent = world.actions.signal(process, target.reload.signalNumber);
    if (!sent)
        return {.reason = sent.error().message};
    return done; // A process that is gone has left its file.
}

QCoro::Task<CommandOutcome> Switcher::Impl::awaitHealth(Generation to, Ticket ticket)
{
    const Health &health = target.health;
    if (health.command.isEmpty())
        co_return done;
    const Monotonic begin = world.clock.monotonic();
    CommandOutcome last;
    int passes = 0;
    while (isNewest(ticket)) {
        CommandOutcome outcome = co_await world.actions.run(health.command, environmentOf(to));
        if (outcome.isOk && ++passes >= health.passes)
            co_return done;
        if (!outcome.isOk) {
            passes = 0;
            last = std::move(outcome);
        }
        const Monotonic next = world.clock.monotonic() + health.interval;
        if (next > begin + health.window)
            break;
        static_cast<void>(co_await waitUntil(next, ticket));
    }
    last.reason =
        QStringLiteral("did not succeed %1 times in a row within %2 ms%3")
            .arg(health.passes)
            .arg(health.window.count())
            .arg(last.reason.isEmpty() ? QString() : QStringLiteral("; last it ") + last.reason);
    co_return last;
}

} // namespace coffer::agent
