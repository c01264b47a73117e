// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/access_control.h"
#include "node/method_table.h"

namespace coffer::node {

/// Access control for every transport: the methods auth.* of docs/access.md.
///
/// Resource; node thread. To be stopped with no call in flight: see rpc::Registration.
class AuthMethods
{
    Q_DISABLE_COPY_MOVE(AuthMethods)

public:
    /// All have to outlive this.
    AuthMethods(AccessControl &access, pluginapi::Store &store, rpc::Registry &registry)
        : m_access(access), m_store(store), m_registry(registry)
    {}
    ~AuthMethods() = default;

    /// Fails only where a name is taken.
    [[nodiscard]] Result<void> addMethods();

private:
    using Task = QCoro::Task<rpc::Outcome>;

    [[nodiscard]] Task status(rpc::Call &call);
    [[nodiscard]] Task enable(rpc::Call &call);
    [[nodiscard]] Task disable(rpc::Call &call);
    [[nodiscard]] Task explain(rpc::Call &call);
    [[nodiscard]] Task listRoles(rpc::Call &call);
    [[nodiscard]] Task addRole(rpc::Call &call);
    [[nodiscard]] Task removeRole(rpc::Call &call);
    [[nodiscard]] Task grant(rpc::Call &call);
    [[nodiscard]] Task withdraw(rpc::Call &call);
    [[nodiscard]] Task listTokens(rpc::Call &call);
    [[nodiscard]] Task createToken(rpc::Call &call);
    [[nodiscard]] Task rotateToken(rpc::Call &call);
    [[nodiscard]] Task revokeToken(rpc::Call &call);
    [[nodiscard]] Task listNames(rpc::Call &call);
    [[nodiscard]] Task setName(rpc::Call &call);
    [[nodiscard]] Task removeName(rpc::Call &call);

    /// The rules of a role as they are now, and their revision.
    struct Found
    {
        std::vector<Rule> rules;
        Revision revision;
    };
    [[nodiscard]] QCoro::Task<Result<Found>> rulesOf(QString role);
    /// NOT_FOUND for the first of \a roles that there is none of; nothing if all are there.
    [[nodiscard]] QCoro::Task<std::optional<rpc::Failure>> unknownRole(QStringList roles);
    [[nodiscard]] Task removeFile(QByteArray path, QString what);
    [[nodiscard]] QCoro::Task<Result<QByteArray>> hashOf(Token token);
    [[nodiscard]] MethodTable<AuthMethods> methods() const;
    [[nodiscard]] MethodTable<AuthMethods> roleMethods() const;
    [[nodiscard]] MethodTable<AuthMethods> tokenMethods() const;

    AccessControl &m_access;
    pluginapi::Store &m_store;
    rpc::Registry &m_registry;
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::node
