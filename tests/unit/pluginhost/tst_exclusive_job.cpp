// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/exclusive_job.h"
#include "unit/pluginhost/host_stage.h"
#include "unit/pluginhost/scripted.h"

#include <QTest>

using namespace coffer;
using namespace coffer::pluginhost;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;
using pluginapi::Duty;
using pluginapi::PluginContext;
using pluginapi::Task;

/// A job of two hosts on one store, in real time.
class TestExclusiveJob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_store = std::make_unique<StoreStage>();
        QVERIFY(m_store->node.waitUntilServing());
        m_most = m_now = 0;
    }
    void cleanup()
    {
        m_hosts.clear();
        m_store.reset();
    }

    void job_runsOnOneHost()
    {
        Node &first = addHost();
        QVERIFY(first.stage->waitFor([&] { return first.running; }));
        Node &second = addHost();
        QVERIFY(first.stage->stop());
        QVERIFY(!first.running);
        QVERIFY(second.stage->waitFor([&] { return second.running; }));
        QCOMPARE(m_most, 1);
    }
    void job_movesWhenItsHostDies()
    {
        Node &first = addHost();
        QVERIFY(first.stage->waitFor([&] { return first.running; }));
        Node &second = addHost();
        first.stage->host.reset(); // Its session ends by itself.
        QVERIFY(!first.running);
        QVERIFY(second.stage->waitFor([&] { return second.running; }));
        QCOMPARE(m_most, 1);
    }
    void lostSession_endsTheDuty()
    {
        Node &node = addHost();
        QVERIFY(node.stage->waitFor([&] { return node.running; }));
        const auto duty = node.duty;
        store::SessionList all;
        const store::Question question = all;
        const auto sessions = wait(m_store->store.read(question));
        QVERIFY(sessions);
        QCOMPARE(sessions->sessions.size(), 1u);
        QVERIFY(wait(m_store->store.closeSession(sessions->sessions.front().session)));
        QVERIFY(node.stage->waitFor([&] { return duty->isOver(); }));
        QVERIFY(node.overs == 1);
        // And begins again.
        QVERIFY(node.stage->waitFor([&] { return node.running; }));
        QVERIFY(node.duty != duty);
    }
    void guard_holdsForTheHolderAlone()
    {
        Node &node = addHost();
        QVERIFY(node.stage->waitFor([&] { return node.running; }));
        const auto before = node.duty;
        store::Transaction write;
        write.guards = {before->guard()};
        write.operations = {store::Put{"/x", "1", false, {}}};
        QCOMPARE(wait(m_store->store.commit(write))->status, store::Status::ok);
        node.isAsked = true; // The job gives itself back, and begins anew.
        QVERIFY(node.stage->waitFor([&] { return node.duty && node.duty != before; }));
        QCOMPARE(wait(m_store->store.commit(write))->status, store::Status::guardFailed);
        write.guards = {node.duty->guard()};
        QCOMPARE(wait(m_store->store.commit(write))->status, store::Status::ok);
    }
    void name_isTakenOnce()
    {
        Node &node = addHost();
        const pluginapi::Job job = [](std::shared_ptr<Duty>) { return nothing(); };
        QVERIFY(!node.script->context->exclusive(u"work"_s, job));
        QVERIFY(!node.script->context->exclusive(u"No name"_s, job));
        QVERIFY(node.script->context->exclusive(u"other"_s, job));
    }

private:
    struct Node
    {
        std::shared_ptr<Script> script = std::make_shared<Script>();
        std::unique_ptr<HostStage> stage;
        std::shared_ptr<Duty> duty;
        bool running = false;
        bool isAsked = false; ///< To end the job by itself.
        int overs = 0;
    };

    static Task<Result<void>> nothing() { co_return Result<void>(); }

    Task<Result<void>> work(Node *node, std::shared_ptr<Duty> duty)
    {
        node->duty = duty;
        node->running = true;
        m_most = std::max(m_most, ++m_now);
        duty->onOver([node] { ++node->overs; });
        for (bool isOn = true; isOn && !std::exchange(node->isAsked, false);)
            isOn = co_await duty->sleep(1ms);
        --m_now;
        node->running = false;
        co_return Result<void>();
    }
    Task<Result<void>> begin(Node *node, PluginContext &context)
    {
        const pluginapi::Job job = [this, node](std::shared_ptr<Duty> duty) {
            return work(node, std::move(duty));
        };
        co_return context.exclusive(u"work"_s, job);
    }
    Node &addHost()
    {
        m_hosts.push_back(std::make_unique<Node>());
        Node &node = *m_hosts.back();
        PluginHostOptions options;
        options.exclusive.timeToLive = 2s;
        options.exclusive.pause = 10ms;
        node.stage = std::make_unique<HostStage>(*m_store, options);
        node.script->onStart = [this, &node](PluginContext &context) {
            return begin(&node, context);
        };
        PluginSpec spec;
        spec.name = u"a"_s;
        node.stage->host->add(spec, scripted(node.script));
        if (!node.stage->start())
            qFatal("the host did not start");
        return node;
    }
    template<class T>
    T wait(Task<T> task)
    {
        std::optional<T> result;
        task.then([&result](const T &got) { result = got; });
        if (!QTest::qWaitFor([&result] { return result.has_value(); }, 10'000))
            return Error{ErrorCode::unavailable, u"nothing came"_s};
        return *result;
    }

    std::unique_ptr<StoreStage> m_store;
    std::vector<std::unique_ptr<Node>> m_hosts;
    int m_now = 0;  ///< Jobs that run.
    int m_most = 0; ///< The most at a time.
};

QTEST_GUILESS_MAIN(TestExclusiveJob)
#include "tst_exclusive_job.moc"
