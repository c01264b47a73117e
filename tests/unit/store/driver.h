// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.h"

#include <map>

namespace coffer::store::test {

/// A store whose slots are counted for the test.
class Driver
{
public:
    [[nodiscard]] Slot next() const { return store.applied().next(); }

    Answer applyBytes(const QByteArray &bytes) { return store.apply(next(), stamp, {bytes})[0]; }
    Answer apply(const Command &command) { return applyBytes(encode(command)); }
    Answer apply(const Transaction &transaction) { return apply(Command{{}, transaction}); }
    /// One put without guards.
    Answer put(const QByteArray &path, const QByteArray &value)
    {
        return apply(Transaction{.guards = {}, .operations = {Put{path, value}}, .otherwise = {}});
    }
    /// Whether a transaction with this guard alone does its operations.
    Answer ask(const Guard &guard)
    {
        return apply(Transaction{.guards = {guard}, .operations = {}, .otherwise = {}});
    }
    SessionId open(std::uint64_t nonce)
    {
        return apply({{}, OpenSession{nonce, std::chrono::seconds(10)}}).session;
    }
    Slot startLeader()
    {
        store.applyLeaderStart(next());
        return store.applied();
    }
    [[nodiscard]] bool has(const QByteArray &path) const { return store.tree().find(path); }
    [[nodiscard]] Reply ask(const Question &question) const
    {
        const QByteArray bytes = encode(store.query(encode(question)));
        return *decodeReply(bytes);
    }

    Store store;
    WallMs stamp{1000};
};

/// The rows of a checkpoint that follows a store.
class Rows
{
public:
    void follow(Store &store)
    {
        for (const Row &row : store.takeChanges()) {
            if (row.value)
                m_rows[{row.table, row.key}] = *row.value;
            else
                m_rows.erase({row.table, row.key});
        }
    }
    [[nodiscard]] std::vector<Row> all() const
    {
        std::vector<Row> rows;
        for (const auto &[key, value] : m_rows)
            rows.push_back({key.first, key.second, value});
        return rows;
    }

private:
    std::map<std::pair<Table, QByteArray>, QByteArray> m_rows;
};

/// A new store from rows.
[[nodiscard]] inline Result<Store> restored(const std::vector<Row> &rows, Slot applied,
                                            const Hash128 &hash, const StoreOptions &options = {})
{
    Store store(options);
    for (const Row &row : rows) {
        if (const Result<void> added = store.restoreRow(row); !added)
            return added.error();
    }
    if (const Result<void> finished = store.finishRestore(applied, hash); !finished)
        return finished.error();
    return store;
}

} // namespace coffer::store::test
