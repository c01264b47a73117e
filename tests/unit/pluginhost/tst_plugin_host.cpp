// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_host.h"
#include "unit/pluginhost/host_stage.h"
#include "unit/pluginhost/scripted.h"
#include "unit/rpc/stage.h"

#include <QCoroTask>
#include <QRegularExpression>
#include <QTcpSocket>
#include <QTest>

#include <stdexcept>

using namespace coffer;
using namespace coffer::pluginhost;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;
using pluginapi::PluginContext;
using pluginapi::Task;

namespace {

rpc::Method named(const QString &name)
{
    rpc::Method method;
    method.name = name;
    method.params = R"({"type":"object"})";
    method.access.kind = rpc::Access::Kind::read;
    return method;
}

Task<rpc::Outcome> answer(rpc::Call &) { co_return QCborValue(1); }

Task<rpc::Outcome> answerAfter(PluginContext &context, std::chrono::milliseconds time)
{
    const bool isWhole = co_await context.clock().sleep(time);
    co_return QCborValue(isWhole);
}

Task<rpc::Outcome> answerNever()
{
    co_await std::suspend_always();
    co_return QCborValue(1);
}

} // namespace

/// The life of plugins, by a clock that is moved by hand.
class TestPluginHost : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_store = std::make_unique<StoreStage>();
        QVERIFY(m_store->node.waitUntilServing());
        m_stage = std::make_unique<HostStage>(*m_store, PluginHostOptions(), true);
        m_script = std::make_shared<Script>();
    }
    void cleanup()
    {
        m_stage.reset();
        m_store.reset();
    }

    void stop_waitsForCallsInFlight()
    {
        begin(
            {{u"a.sleep"_s, [this](rpc::Call &) { return answerAfter(*m_script->context, 1h); }}});
        const auto call = m_stage->begin(u"a.sleep"_s);
        QVERIFY(!call->has_value());
        m_script->onStop = [this] { QVERIFY(!m_stage->registry.find(u"a.sleep"_s)); };
        QVERIFY(m_stage->stop());
        QVERIFY(call->has_value());
        QVERIFY((*call)->has_value());
        QCOMPARE((**call)->toBool(true), false); // Its sleep ended early.
        QCOMPARE(m_script->alive, 0);
        QCOMPARE(m_stage->report(u"a"_s).leaked, 0);
    }
    void stop_leaksWhatDoesNotEnd()
    {
        begin({{u"a.never"_s, [](rpc::Call &) { return answerNever(); }}});
        const auto call = m_stage->begin(u"a.never"_s);
        const Monotonic before = m_stage->hand.now;
        QTest::ignoreMessage(QtCriticalMsg,
                             QRegularExpression(u"plugin a did not end: 1 coroutines are left"_s));
        QVERIFY(enable(false));
        QVERIFY(m_stage->hand.now - before >= 5s);
        QCOMPARE(m_stage->state(u"a"_s), PluginState::disabled);
        QCOMPARE(m_stage->report(u"a"_s).leaked, 1);
        QCOMPARE(m_script->alive, 1);
        QVERIFY(enable(true)); // Another object beside it.
        QCOMPARE(m_script->alive, 2);
        QVERIFY(m_stage->registry.find(u"a.never"_s));
        QVERIFY(!call->has_value());
    }
    void enableAndDisable_underLoad()
    {
        begin({{u"a.sleep"_s, [this](rpc::Call &) { return answerAfter(*m_script->context, 3ms); }},
               {u"a.answer"_s, [](rpc::Call &call) { return answer(call); }}});
        std::vector<HostStage::Pending> calls;
        for (int round = 0; round < 6; ++round) {
            for (int count = 0; count < 50; ++count) {
                calls.push_back(m_stage->begin(u"a.sleep"_s));
                calls.push_back(m_stage->begin(u"a.answer"_s));
            }
            QVERIFY(enable(round % 2 == 1));
        }
        QCOMPARE(m_stage->state(u"a"_s), PluginState::started);
        int answered = 0;
        for (const auto &call : calls) {
            QVERIFY(m_stage->waitFor([&call] { return call->has_value(); }));
            answered += int((*call)->has_value());
            QVERIFY((*call)->has_value() || (*call)->error().code == rpc::Code::methodNotFound);
        }
        QVERIFY(answered >= 100);
        QCOMPARE(m_stage->report(u"a"_s).leaked, 0);
        QCOMPARE(m_script->alive, 1);
    }
    void start_thatNeverEndsIsFailed()
    {
        m_script->onStart = [](PluginContext &context) { return sleepThenStart(context); };
        QVERIFY(addAndStart(spec()));
        QCOMPARE(m_stage->state(u"a"_s), PluginState::failed);
        QVERIFY(m_stage->report(u"a"_s).reason.contains(u"within 10 s"_s));
        QCOMPARE(m_script->alive, 0);
    }
    void failed_isTriedAgainWhenEnabled()
    {
        m_script->onStart = [](PluginContext &) { return fail(); };
        QVERIFY(addAndStart(spec()));
        QCOMPARE(m_stage->state(u"a"_s), PluginState::failed);
        m_script->onStart = nullptr;
        QVERIFY(enable(true));
        QCOMPARE(m_stage->state(u"a"_s), PluginState::started);
    }
    void destroyed_withoutStopIsLikeACrash()
    {
        begin(
            {{u"a.sleep"_s, [this](rpc::Call &) { return answerAfter(*m_script->context, 1h); }}});
        const auto call = m_stage->begin(u"a.sleep"_s);
        m_stage->host.reset();
        QVERIFY(call->has_value());
        QCOMPARE(m_script->alive, 0);
    }

    void names_ofOthersAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<bool>("isAllowed");
        QTest::newRow("own name") << u"a.x"_s << true;
        QTest::newRow("provided name") << u"b.x"_s << true;
        QTest::newRow("of the node") << u"store.x"_s << false;
        QTest::newRow("begins alike") << u"ab.x"_s << false;
    }
    void names_ofOthersAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(bool, isAllowed);
        PluginSpec of = spec();
        of.provides = {u"b"_s};
        QVERIFY(addAndStart(of));
        pluginapi::Methods &methods = m_script->context->methods();
        const Result<void> added = methods.add(named(method), rpc::Handler(&answer));
        QCOMPARE(added.has_value(), isAllowed);
        QVERIFY(isAllowed || added.error().message.contains(u"a.*, b.*"_s));
        pluginapi::RestRoute route;
        route.path = "/v1/" + method.toUtf8().replace('.', '/');
        route.method = method;
        QCOMPARE(methods.addRoute(route).has_value(), isAllowed);
    }

    void blocking_isMeasuredWithoutWhatOthersTake()
    {
        begin({{u"a.block"_s,
                [this](rpc::Call &call) {
                    m_stage->hand.now += 60ms;
                    return answer(call);
                }},
               {u"a.near"_s, [this](rpc::Call &call) {
                    m_stage->hand.now += 50ms;
                    return answer(call);
                }}});
        QTest::ignoreMessage(QtWarningMsg,
                             "plugin a blocked the node for 60 ms in a.block; such work belongs "
                             "into offload()");
        QVERIFY(m_stage->call(u"a.block"_s));
        QTest::failOnWarning(QRegularExpression(u"blocked"_s));
        QVERIFY(m_stage->call(u"a.near"_s));
    }

    void settings_areCheckedAndLive()
    {
        int changes = 0;
        m_script->onStart = [&changes](PluginContext &context) {
            context.settings().onChanged([&changes] { ++changes; });
            return succeed();
        };
        QVERIFY(addAndStart(spec(), {{u"own"_s, 1}}));
        const auto value = [this](const QString &name) {
            return m_script->context->settings().values().value(name).toInteger(-1);
        };
        QCOMPARE(value(u"own"_s), 1);
        const QCborMap wrong{{u"own"_s, u"text"_s}};
        const Result<void> refused = wait(m_stage->host->configure(u"a"_s, wrong));
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.contains(u"own"_s), qPrintable(refused.error().message));
        QCOMPARE(changes, 0);
        QVERIFY(wait(m_stage->host->configure(u"a"_s, {{u"all"_s, 2}})));
        QCOMPARE(changes, 1);
        QCOMPARE(value(u"own"_s), 1);
        QCOMPARE(value(u"all"_s), 2);
        // Written past the schema: the plugin keeps what it has.
        QVERIFY(wait(m_store->store.put("/coffer/plugins/a/state", R"({"settings":{"own":"x"}})")));
        QVERIFY(
            m_stage->waitFor([this] { return !m_stage->report(u"a"_s).settingsFault.isEmpty(); }));
        QCOMPARE(changes, 1);
        QCOMPARE(value(u"all"_s), 2);
        // Taken back: those of the node alone.
        QVERIFY(wait(m_store->store.remove("/coffer/plugins/a/state")));
        QVERIFY(m_stage->waitFor([&changes] { return changes == 2; }));
        QCOMPARE(value(u"all"_s), -1);
    }
    void settings_ofTheNodeAreCheckedBeforeTheStart()
    {
        PluginHostOptions options;
        options.settings[u"a"_s] = {{u"own"_s, u"text"_s}};
        HostStage stage(*m_store, options, true);
        stage.host->add(spec(), scripted(m_script));
        const Result<void> resolved = stage.host->resolve();
        QVERIFY(!resolved);
        QVERIFY2(resolved.error().message.contains(u"plugins.a: own"_s),
                 qPrintable(resolved.error().message));
        options.settings = {{u"b"_s, QCborMap()}};
        HostStage other(*m_store, options, true);
        const Result<void> unknown = other.host->resolve();
        QVERIFY(!unknown);
        QVERIFY(unknown.error().message.contains(u"plugins.b: there is no such plugin"_s));
    }

    void feed_endsWithThePlugin()
    {
        QVERIFY(addAndStart(spec()));
        const auto feed = [this](pluginapi::FeedCall call) {
            return follow(*m_script->context, std::move(call));
        };
        QVERIFY(m_script->context->methods().addFeed(named(u"a.feed"_s), pluginapi::Feed(feed)));
        const rpc::Outcome outcome = m_stage->call(u"a.feed"_s);
        QVERIFY(!outcome); // This call has no connection that could carry it.
        QCOMPARE(outcome.error().code, rpc::Code::invalidRequest);
        rpc::Flights flights(m_stage->registry, m_stage->hand);
        rpc::ListPipe pipe;
        rpc::Session session(flights, pipe, rpc::Caller());
        session.receive(R"({"jsonrpc":"2.0","id":1,"method":"a.feed"})", rpc::Form::json);
        const auto has = [&pipe](const QByteArray &words) {
            return pipe.sent.join().contains(words);
        };
        QVERIFY(m_stage->waitFor([&] { return pipe.sent.size() > 3; }));
        QVERIFY2(has("\"subscription\":"), pipe.sent.join('\n').constData());
        QVERIFY(m_stage->stop());
        QVERIFY2(has("plugin a stops"), pipe.sent.join('\n').constData());
        QCOMPARE(m_script->alive, 0);
    }
    void offload_answersAndThrows()
    {
        QVERIFY(addAndStart(spec()));
        const auto good = [] { return 7; };
        const Result<int> seven = wait(m_script->context->offload(good));
        QVERIFY(seven);
        QCOMPARE(*seven, 7);
        QVERIFY(wait(catches(m_script->context)));
    }
    void listener_servesUntilThePluginStops()
    {
        QVERIFY(addAndStart(spec()));
        const pluginapi::Listeners::Serve serve = [](std::shared_ptr<QTcpSocket> socket) {
            return greet(std::move(socket));
        };
        pluginapi::Listeners &listeners = m_script->context->listeners();
        const auto port = listeners.listen(u"main"_s, {u"127.0.0.1:0"_s, 1}, serve);
        QVERIFY2(port, port ? "" : qPrintable(port.error().message));
        QCOMPARE(listeners.listen(u"b"_s, {u"0.0.0.0:0"_s, 1}, serve).error().code,
                 ErrorCode::refused);
        QCOMPARE(listeners.listen(u"b"_s, {u"nowhere"_s, 1}, serve).error().code,
                 ErrorCode::invalid);
        QTcpSocket first;
        first.connectToHost(QHostAddress::LocalHost, *port);
        QVERIFY(m_stage->waitFor([&first] { return first.bytesAvailable() == 5; }));
        QTcpSocket second; // One too many.
        second.connectToHost(QHostAddress::LocalHost, *port);
        QVERIFY(m_stage->waitFor(
            [&second] { return second.state() == QAbstractSocket::UnconnectedState; }));
        QCOMPARE(second.bytesAvailable(), 0);
        QVERIFY(m_stage->stop());
        QVERIFY(m_stage->waitFor(
            [&first] { return first.state() == QAbstractSocket::UnconnectedState; }));
        QCOMPARE(m_script->alive, 0);
    }
    void storeAndTasks_endWithThePlugin()
    {
        QVERIFY(addAndStart(spec()));
        const auto watch = m_script->context->store().watch({*store::Glob::parse("/w"), {}});
        std::optional<Result<store::WatchAnswer>> seen;
        watch->next().then([&seen](const Result<store::WatchAnswer> &next) { seen = next; });
        QVERIFY(wait(m_script->context->store().put("/w", "1")));
        QVERIFY(m_stage->waitFor([&seen] { return seen.has_value(); }));
        QVERIFY(*seen);
        seen.reset();
        watch->next().then([&seen](const Result<store::WatchAnswer> &next) { seen = next; });
        QVERIFY(m_stage->stop());
        QVERIFY(seen.has_value());
        QCOMPARE(seen->error().code, ErrorCode::unavailable);
        QCOMPARE(m_script->alive, 0);
    }

private:
    using Handlers = std::vector<std::pair<QString, rpc::Handler>>;

    static Task<Result<void>> succeed() { co_return Result<void>(); }
    static Task<Result<void>> fail() { co_return Error{ErrorCode::refused, u"on purpose"_s}; }
    static Task<Result<void>> sleepThenStart(PluginContext &context)
    {
        (void)co_await context.clock().sleep(1h);
        co_return Result<void>();
    }
    static Task<Result<void>> follow(PluginContext &context, pluginapi::FeedCall call)
    {
        const auto subscription = call.subscription;
        for (;;) {
            const bool hasRoom = co_await subscription->room();
            if (!hasRoom)
                break;
            subscription->send(1, {});
            (void)co_await context.clock().sleep(1ms);
        }
        co_return Result<void>();
    }
    static Task<Result<void>> catches(PluginContext *context)
    {
        const auto bad = []() -> int { throw std::runtime_error("on purpose"); };
        try {
            (void)co_await context->offload(bad);
        } catch (const std::runtime_error &) {
            co_return Result<void>();
        }
        co_return Error{ErrorCode::invalid, u"nothing was thrown"_s};
    }
    /// Until the peer leaves, or the host ends it.
    static Task<void> greet(std::shared_ptr<QTcpSocket> socket)
    {
        socket->write("hello");
        Eventual<bool> gone({ErrorCode::unavailable, u"gone"_s});
        const auto set = gone.setter();
        QObject::connect(socket.get(), &QTcpSocket::disconnected, socket.get(),
                         [set] { set(true); });
        (void)co_await gone;
    }
    static Task<Result<void>> addAll(PluginContext &context, Handlers handlers)
    {
        for (const auto &[name, handler] : handlers) {
            if (Result<void> added = context.methods().add(named(name), handler); !added)
                co_return added.error();
        }
        co_return Result<void>();
    }
    static PluginSpec spec()
    {
        PluginSpec of;
        of.name = u"a"_s;
        of.settings = R"({"type":"object","additionalProperties":false,)"
                      R"("properties":{"own":{"type":"integer"},"all":{"type":"integer"}}})";
        return of;
    }

    template<class T>
    T wait(Task<T> task)
    {
        std::optional<T> result;
        task.then([&result](const T &got) { result = got; });
        if (!m_stage->waitFor([&result] { return result.has_value(); }))
            return Error{ErrorCode::unavailable, u"nothing came"_s};
        return *result;
    }
    bool enable(bool isEnabled)
    {
        return wait(m_stage->host->setEnabled(u"a"_s, isEnabled)).has_value();
    }
    bool addAndStart(PluginSpec of, QCborMap settings = {})
    {
        if (!settings.isEmpty()) {
            PluginHostOptions options;
            options.settings[of.name] = settings;
            m_stage = std::make_unique<HostStage>(*m_store, options, true);
        }
        m_stage->host->add(std::move(of), scripted(m_script));
        return m_stage->start();
    }
    void begin(Handlers handlers)
    {
        m_script->onStart = [handlers](PluginContext &context) {
            return addAll(context, handlers);
        };
        QVERIFY(addAndStart(spec()));
        QCOMPARE(m_stage->state(u"a"_s), PluginState::started);
    }

    std::unique_ptr<StoreStage> m_store;
    std::unique_ptr<HostStage> m_stage;
    std::shared_ptr<Script> m_script;
};

QTEST_GUILESS_MAIN(TestPluginHost)
#include "tst_plugin_host.moc"
