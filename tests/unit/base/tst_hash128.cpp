// SPDX-License-Identifier: Apache-2.0
#include "base/hash128.h"

#include "base/random.h"

#include <QtTest>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

using namespace coffer;

class TestHash128 : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sum_doesNotDependOnTheOrder();
    void sum_forgetsWhatIsTakenOut();
    void sum_countsARowTwice();
    void row_dependsOnEveryPart();
    void row_knowsWhereKeyAndValueMeet();
    void row_differsByTrailingZeros();
    void row_isTheSameOnEveryMachine();
    void rows_haveDifferentHashes();
};

static Hash128 row(int number)
{
    return rowHash(std::uint8_t(number % 3), QByteArray::number(number),
                   QByteArray(number % 40, char(number)));
}

void TestHash128::sum_doesNotDependOnTheOrder()
{
    std::vector<int> numbers(200);
    std::iota(numbers.begin(), numbers.end(), 0);
    Hash128 expected;
    for (int number : numbers)
        expected += row(number);
    SeededRandom random(7);
    for (int round = 0; round < 20; ++round) {
        for (std::size_t i = numbers.size() - 1; i > 0; --i)
            std::swap(numbers[i], numbers[random.below(i + 1)]);
        Hash128 sum;
        for (int number : numbers)
            sum += row(number);
        QVERIFY(sum == expected);
    }
}

void TestHash128::sum_forgetsWhatIsTakenOut()
{
    Hash128 sum;
    for (int i = 0; i < 50; ++i)
        sum += row(i);
    for (int i = 49; i > 0; i -= 2)
        sum -= row(i);
    Hash128 direct;
    for (int i = 0; i < 50; i += 2)
        direct += row(i);
    QVERIFY(sum == direct);
}

void TestHash128::sum_countsARowTwice()
{
    Hash128 twice;
    twice += row(1);
    twice += row(1);
    QVERIFY(!(twice == Hash128())); // unlike an exclusive or
    QVERIFY(!(twice == row(1)));
}

void TestHash128::row_dependsOnEveryPart()
{
    const Hash128 base = rowHash(1, "key", "value");
    QVERIFY(!(base == rowHash(2, "key", "value")));
    QVERIFY(!(base == rowHash(1, "kez", "value")));
    QVERIFY(!(base == rowHash(1, "key", "valuf")));
    QVERIFY(base == rowHash(1, "key", "value"));
}

void TestHash128::row_knowsWhereKeyAndValueMeet()
{
    QVERIFY(!(rowHash(1, "ab", "c") == rowHash(1, "a", "bc")));
    QVERIFY(!(rowHash(1, "abc", "") == rowHash(1, "", "abc")));
    QVERIFY(!(rowHash(1, "12345678", "") == rowHash(1, "", "12345678")));
}

void TestHash128::row_differsByTrailingZeros()
{
    QVERIFY(!(rowHash(1, "k", QByteArray(3, '\0')) == rowHash(1, "k", QByteArray(4, '\0'))));
    QVERIFY(!(rowHash(1, "k", QByteArray(8, '\0')) == rowHash(1, "k", QByteArray(16, '\0'))));
}

void TestHash128::row_isTheSameOnEveryMachine()
{
    // Stored in checkpoints and compared between nodes: this value never changes.
    const Hash128 hash = rowHash(1, "/config/a", "hello");
    QCOMPARE(QByteArray::number(qulonglong(hash.low), 16), QByteArray("850ca8954f5a8820"));
    QCOMPARE(QByteArray::number(qulonglong(hash.high), 16), QByteArray("5952e98fb3366425"));
}

void TestHash128::rows_haveDifferentHashes()
{
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    std::set<std::uint64_t> lows;
    std::set<std::uint64_t> highs;
    for (int i = 0; i < 20'000; ++i) {
        const Hash128 hash = rowHash(0, QByteArray::number(i), {});
        seen.emplace(hash.low, hash.high);
        lows.insert(hash.low);
        highs.insert(hash.high);
    }
    QCOMPARE(seen.size(), 20'000U);
    QCOMPARE(lows.size(), 20'000U);
    QCOMPARE(highs.size(), 20'000U);
}

QTEST_APPLESS_MAIN(TestHash128)
#include "tst_hash128.moc"
