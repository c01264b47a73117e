// SPDX-License-Identifier: Apache-2.0
#include "base/eventual.h"

#include <QTest>

using namespace coffer;

namespace {

/// A coroutine that nobody waits for.
struct Detached
{
    struct promise_type
    {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

Detached await(Eventual<int> eventual, std::vector<Result<int>> *results)
{
    Result<int> result = co_await eventual;
    results->push_back(std::move(result));
}

const Error dropped{ErrorCode::unavailable, QStringLiteral("dropped")};

} // namespace

class TestEventual : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void setBefore_isThere()
    {
        Eventual<int> eventual(dropped);
        const auto set = eventual.setter();
        set(7);
        await(std::move(eventual), &m_results);
        QCOMPARE(m_results.size(), 1u);
        QCOMPARE(m_results[0].value(), 7);
    }
    void setLater_resumesWithinTheCall()
    {
        Eventual<int> eventual(dropped);
        const auto set = eventual.setter();
        await(std::move(eventual), &m_results);
        QVERIFY(m_results.empty());
        QVERIFY(!set.isSet());
        set(7);
        QCOMPARE(m_results.size(), 1u);
        QVERIFY(set.isSet());
    }
    void setTwice_theFirstCounts()
    {
        Eventual<int> eventual(dropped);
        const auto set = eventual.setter();
        await(std::move(eventual), &m_results);
        set(1);
        set(2);
        QCOMPARE(m_results.size(), 1u);
        QCOMPARE(m_results[0].value(), 1);
    }
    void allSettersGone_isTheAgreedError()
    {
        Eventual<int> eventual(dropped);
        auto first = std::make_unique<Eventual<int>::Setter>(eventual.setter());
        auto second = std::make_unique<Eventual<int>::Setter>(*first);
        await(std::move(eventual), &m_results);
        first.reset();
        QVERIFY(m_results.empty());
        second.reset();
        QCOMPARE(m_results.size(), 1u);
        QVERIFY(m_results[0].error() == dropped);
    }
    void neverAwaited_isHarmless()
    {
        Eventual<int> eventual(dropped);
        const auto set = eventual.setter();
        set(7);
    }

    void init() { m_results.clear(); }

private:
    std::vector<Result<int>> m_results;
};

QTEST_APPLESS_MAIN(TestEventual)
#include "tst_eventual.moc"
