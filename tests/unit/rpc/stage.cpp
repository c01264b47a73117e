// SPDX-License-Identifier: Apache-2.0
#include "unit/rpc/stage.h"

#include "base/eventual.h"
#include "rpc/spawn.h"

#include <QCoreApplication>

#include <stdexcept>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

struct Held
{
    std::vector<std::coroutine_handle<>> *held;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { held->push_back(waiter); }
    void await_resume() const noexcept {}
};

QCoro::Task<Outcome> echo(Call &call) { co_return QCborValue(call.params); }

QCoro::Task<Outcome> sum(Call &call)
{
    const qint64 total =
        call.params.value("a"_L1).toInteger() + call.params.value("b"_L1).toInteger();
    co_return QCborValue(QCborMap{{u"sum"_s, total}});
}

QCoro::Task<Outcome> put(Call &call)
{
    co_return QCborValue(QCborMap{{u"value"_s, call.params.value("value"_L1).toByteArray()}});
}

QCoro::Task<Outcome> fail(Call &call)
{
    const Code code = codeNamed(call.params.value("code"_L1).toString()).value_or(Code::internal);
    co_return Failure::of(code, u"As you wished."_s);
}

QCoro::Task<Outcome> raise(Call &)
{
    throw std::runtime_error("a bug");
    co_return QCborValue();
}

const QByteArray anything = R"({"type":"object"})";

} // namespace

Stage::Stage()
{
    add("test.echo", Access::Kind::read, anything, echo);
    add("test.add", Access::Kind::read,
        R"({"type":"object","required":["a","b"],"additionalProperties":false,
            "properties":{"a":{"type":"integer"},"b":{"type":"integer"}}})",
        sum);
    add("test.put", Access::Kind::write,
        R"({"type":"object","required":["path","value"],"additionalProperties":false,
            "properties":{"path":{"type":"string","minLength":1},
                          "value":{"type":"string","contentEncoding":"base64","maxLength":64}}})",
        put);
    add("test.fail", Access::Kind::read, anything, fail);
    add("test.failWrite", Access::Kind::write, anything, fail);
    add("test.throw", Access::Kind::read, anything, raise);
    add("test.throwWrite", Access::Kind::write, anything, raise);
    add("test.wait", Access::Kind::read, anything, [this](Call &call) { return wait(call); });
    add("test.waitWrite", Access::Kind::write, anything, [this](Call &call) { return wait(call); });
    add("test.large", Access::Kind::read, anything, [this](Call &call) { return large(call); });
    add("test.follow", Access::Kind::read, anything, [this](Call &call) { return follow(call); });
    session = std::make_unique<Session>(flights, pipe, Caller{.name = u"tester"_s});
}

Stage::~Stage()
{
    session.reset();
    release();
}

void Stage::add(const char *name, Access::Kind kind, const QByteArray &params, Handler handler)
{
    Method method{.name = QString::fromLatin1(name), .summary = u"For tests."_s, .params = params};
    method.access.kind = kind;
    method.isSubscription = method.name == "test.follow"_L1;
    Result<Registration> added = registry.add(std::move(method), std::move(handler));
    if (!added)
        qFatal("%s", qUtf8Printable(added.error().message));
    registrations.push_back(std::move(*added));
}

QByteArray Stage::say(const QByteArray &json)
{
    pipe.sent.clear();
    session->receive(json, Form::json);
    return pipe.sent.join('\n');
}

void Stage::release()
{
    for (const std::coroutine_handle<> waiter : std::exchange(held, {}))
        waiter.resume();
}

QCoro::Task<Outcome> Stage::wait(Call &call)
{
    ++waiting;
    call.onCancelled([this] { ++cancelled; });
    co_await Held{&held};
    --waiting;
    co_return QCborValue(QCborMap{{u"n"_s, call.params.value("n"_L1)}});
}

QCoro::Task<Outcome> Stage::large(Call &call)
{
    co_await Held{&held};
    const bool hasRoom = co_await call.room();
    if (!hasRoom)
        co_return Failure::of(Code::cancelled, u"Nobody waits."_s);
    ++madeLarge;
    co_return QCborValue(QString(call.params.value("size"_L1).toInteger(), u'x'));
}

QCoro::Task<Outcome> Stage::follow(Call &call)
{
    Answer<Subscription> opened = call.subscribe();
    if (!opened)
        co_return opened.error();
    const qint64 id = qint64(opened->id());
    const qint64 count = call.params.value("count"_L1).toInteger();
    const qint64 size = call.params.value("size"_L1).toInteger();
    const bool isPaced = call.params.value("paced"_L1).toBool();
    spawn(produce(std::move(*opened), count, size, isPaced), "follow");
    if (call.params.value("fail"_L1).toBool())
        co_return Failure::of(Code::notFound, u"After it was opened."_s);
    co_return QCborValue(QCborMap{{u"subscription"_s, id}});
}

/// The next round of the loop.
static Eventual<bool> nextTurn()
{
    Eventual<bool> turn(Error{ErrorCode::unavailable, u"no loop"_s});
    QMetaObject::invokeMethod(
        QCoreApplication::instance(), [set = turn.setter()] { set(true); }, Qt::QueuedConnection);
    return turn;
}

QCoro::Task<void> Stage::produce(Subscription subscription, qint64 count, qint64 size, bool isPaced)
{
    for (qint64 i = 0; i < count; ++i) {
        if (isPaced)
            static_cast<void>(co_await nextTurn());
        const bool hasRoom = co_await subscription.room();
        if (!hasRoom)
            break;
        ++sentEvents;
        subscription.send(QString(size, u'x'), i);
    }
    if (!subscription.isOpen())
        ++closedProducers;
    else
        subscription.end(Failure::of(Code::compacted, u"That was all."_s));
}

} // namespace coffer::rpc
