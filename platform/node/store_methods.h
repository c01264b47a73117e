// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/local_store.h"
#include "node/method_table.h"

#include <memory>
#include <vector>

namespace coffer::node {

class AccessControl;
struct LastBatch;

/// The store for every transport: the methods store.* and session.* of
/// docs/formats/store-methods.md.
///
/// Resource; node thread. To be stopped with no call in flight: see rpc::Registration.
class StoreMethods
{
    Q_DISABLE_COPY_MOVE(StoreMethods)

public:
    /// Both have to outlive this. Without \a access a session belongs to everybody.
    explicit StoreMethods(LocalStore &store, AccessControl *access = nullptr);
    ~StoreMethods();

    /// Fails only where a name is taken.
    [[nodiscard]] Result<void> addTo(rpc::Registry &registry);

private:
    using Task = QCoro::Task<rpc::Outcome>;

    [[nodiscard]] Task ask(rpc::Call &call);
    [[nodiscard]] Task commit(rpc::Call &call);
    [[nodiscard]] Task change(rpc::Call &call);
    [[nodiscard]] Task history(rpc::Call &call);
    [[nodiscard]] Task watch(rpc::Call &call);
    [[nodiscard]] Task openSession(rpc::Call &call);
    [[nodiscard]] Task keepAlive(rpc::Call &call);
    [[nodiscard]] Task closeSession(rpc::Call &call);
    [[nodiscard]] Task compact(rpc::Call &call);

    /// False if the caller's session has ended; a failure if it is not the caller's.
    [[nodiscard]] QCoro::Task<rpc::Answer<bool>> mayUse(rpc::Caller caller, QString method,
                                                        std::optional<SessionId> session);
    [[nodiscard]] QCoro::Task<rpc::Answer<store::Answer>> commitChecked(rpc::Call &call);

    [[nodiscard]] MethodTable<StoreMethods> methods() const;

    LocalStore &m_store;
    AccessControl *m_access;
    std::shared_ptr<LastBatch> m_last; // with the watches' frames
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::node
