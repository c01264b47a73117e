// SPDX-License-Identifier: Apache-2.0
#include "testkit/node_store.h"

#include <utility>

namespace coffer::testkit {

using namespace pluginapi;

static Error down() { return {ErrorCode::unavailable, QStringLiteral("this node is down")}; }

template<class T>
static Task<Result<T>> unavailable()
{
    co_return down();
}

namespace {

class NoWatch final : public Watch
{
public:
    [[nodiscard]] Task<Result<store::WatchAnswer>> next() override
    {
        return unavailable<store::WatchAnswer>();
    }
    [[nodiscard]] Revision progress() const override { return {}; }
};

} // namespace

Task<Result<store::Reply>> NodeStore::read(store::Question question, ReadOptions options)
{
    return m_store ? m_store->read(std::move(question), options) : unavailable<store::Reply>();
}

Task<Result<store::Answer>> NodeStore::commit(store::Transaction transaction, CommitOptions options)
{
    return m_store ? m_store->commit(std::move(transaction), options)
                   : unavailable<store::Answer>();
}

Task<Result<store::WatchAnswer>> NodeStore::history(HistoryRequest request, ReadOptions options)
{
    return m_store ? m_store->history(std::move(request), options)
                   : unavailable<store::WatchAnswer>();
}

std::unique_ptr<Watch> NodeStore::watch(store::WatchRequest request)
{
    if (m_store == nullptr)
        return std::make_unique<NoWatch>();
    return m_store->watch(std::move(request));
}

Task<Result<SessionId>> NodeStore::openSession(store::OpenSession open)
{
    return m_store ? m_store->openSession(open) : unavailable<SessionId>();
}

Task<Result<void>> NodeStore::keepAlive(SessionId session)
{
    return m_store ? m_store->keepAlive(session) : unavailable<void>();
}

Task<Result<void>> NodeStore::closeSession(SessionId session)
{
    return m_store ? m_store->closeSession(session) : unavailable<void>();
}

Task<Result<store::Answer>> NodeStore::compact(Revision revision)
{
    return m_store ? m_store->compact(revision) : unavailable<store::Answer>();
}

} // namespace coffer::testkit
