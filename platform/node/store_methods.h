// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/local_store.h"
#include "node/method_table.h"

#include <vector>

namespace coffer::node {

/// The store for every transport: the methods store.* and session.* of
/// docs/formats/store-methods.md.
///
/// Resource; node thread. To be stopped with no call in flight: see rpc::Registration.
class StoreMethods
{
    Q_DISABLE_COPY_MOVE(StoreMethods)

public:
    /// \a store has to outlive this.
    explicit StoreMethods(LocalStore &store) : m_store(store) {}
    ~StoreMethods() = default;

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

    [[nodiscard]] MethodTable<StoreMethods> methods() const;

    LocalStore &m_store;
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::node
