// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/flights.h"
#include "rpc/registry.h"
#include "rpc/session.h"
#include "support/hand_clock.h"

#include <QByteArrayList>

#include <QCoro/QCoroTask> // std::coroutine_handle, for clang 14 too

#include <memory>
#include <vector>

namespace coffer::rpc {

/// A connection of which a test sees every message, and decides when bytes leave.
class ListPipe final : public Pipe
{
public:
    void send(const QByteArray &message, Form) override
    {
        sent.append(message);
        unsent += isStuck ? message.size() : 0;
    }
    void sendNow(const QByteArray &message, Form form) override
    {
        send(message, form);
        hurriedAt.append(sent.size());
    }
    [[nodiscard]] qint64 unsentBytes() const override { return unsent; }
    void cut(const QString &why) override { cutBecause = why; }

    QByteArrayList sent;
    QList<qsizetype> hurriedAt; ///< How much was sent each time that it was not to wait.
    qint64 unsent = 0;
    bool isStuck = false;
    QString cutBecause;
};

/// A registry with methods for tests, and one connection to it.
///
/// test.echo {any}: its parameters. test.add {a, b}: {sum}. test.put {path, value}: a write; its
/// answer is the value as bytes. test.wait: answers {n} when release() is called. test.throw and
/// test.fail {code}: fail. test.follow {count, size}: a subscription that sends count events of
/// size bytes, whenever there is room. test.large {size}: as test.wait, and then a text of size
/// bytes when there is room.
class Stage
{
public:
    Stage();
    ~Stage();

    /// What came back for one JSON message; the messages joined by newlines.
    QByteArray say(const QByteArray &json);
    void hangUp() { session.reset(); }
    /// Lets everything in test.wait go on.
    void release();

    HandClock clock;
    Registry registry;
    Flights flights{registry, clock};
    ListPipe pipe;
    std::unique_ptr<Session> session;
    std::vector<Registration> registrations;
    int waiting = 0;
    int cancelled = 0;
    int sentEvents = 0;
    int madeLarge = 0;
    int closedProducers = 0;

    std::vector<std::coroutine_handle<>> held;

private:
    [[nodiscard]] QCoro::Task<Outcome> wait(Call &call);
    [[nodiscard]] QCoro::Task<Outcome> large(Call &call);
    [[nodiscard]] QCoro::Task<Outcome> follow(Call &call);
    [[nodiscard]] QCoro::Task<void> produce(Subscription subscription, qint64 count, qint64 size,
                                            bool isPaced);
    void add(const char *name, Access::Kind kind, const QByteArray &params, Handler handler);
};

} // namespace coffer::rpc
