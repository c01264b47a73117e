// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/access_table.h"
#include "node/host.h"
#include "node/token_checker.h"
#include "pluginapi/store.h"
#include "rpc/front_door.h"

#include <QObject>
#include <QTimer>

#include <functional>

namespace coffer::node {

/// What an operator says of access control.
enum class AuthMode {
    stored,  ///< On once it was enabled in the store.
    required ///< Until then nothing is served but enabling it, from this machine.
};

/// Who callers are, and what they may do, by the rules in the store (access_table.h).
///
/// The rules are read anew in the turn in which a change of them is applied. After its start a node
/// answers UNAVAILABLE until it knows that it has applied what the cluster has; from then on a node
/// that is cut off goes by what it applied last. Resource; node thread.
class AccessControl final : public QObject
{
    Q_DISABLE_COPY_MOVE(AccessControl)

public:
    /// Says of which callers the rights have changed.
    using Changed = std::function<void(const std::function<bool(const rpc::Caller &)> &isMeant)>;

    /// Both have to outlive this.
    AccessControl(Host &host, pluginapi::Store &store, AuthMode mode);
    ~AccessControl() override;

    /// Begins to read the rules. \a changed is called from within the event loop.
    void start(Changed changed);

    /// For rpc::FrontDoor::setIdentify().
    [[nodiscard]] QCoro::Task<rpc::Answer<rpc::Caller>> identify(rpc::Credentials credentials);
    /// For rpc::Registry::setAuthorize(). A denial names the rule.
    [[nodiscard]] std::optional<rpc::Failure> authorize(const rpc::Method &method,
                                                        const rpc::Call &call) const;
    /// What a call would touch, for rules and for the audit.
    [[nodiscard]] static std::vector<rpc::Touch> touchesOf(const rpc::Method &method,
                                                           const rpc::Call &call);

    /// True if callers have to be somebody.
    [[nodiscard]] bool isOn() const { return m_table.isEnabled() || m_mode == AuthMode::required; }
    [[nodiscard]] AuthMode mode() const { return m_mode; }
    [[nodiscard]] const AccessTable &table() const { return m_table; }
    [[nodiscard]] TokenChecker &checker() { return m_checker; }
    [[nodiscard]] WallMs now() const { return m_host.clock().wall(); }

    /// Turns access control on with \a root as the root token; done too if it is that already.
    /// `conflict` if it is on with another one, unless \a isReset.
    [[nodiscard]] QCoro::Task<Result<void>> setRoot(Token root, bool isReset);

    /// The nonce by which \a caller opens a session, so that every node can tell whose it is: its
    /// upper 24 bits are of the caller's name.
    [[nodiscard]] std::uint64_t nonceFor(const rpc::Caller &caller, std::uint64_t nonce) const;
    /// True if \a caller opened that session, or administrates the cluster; false if there is no
    /// such session. Else DENIED.
    [[nodiscard]] QCoro::Task<rpc::Answer<bool>> mayUse(rpc::Caller caller, QString method,
                                                        SessionId session);

private:
    [[nodiscard]] QCoro::Task<void> follow();
    [[nodiscard]] QCoro::Task<void> confirm();
    void reload();
    void lookAtExpiry();
    void tell(const AccessTable &before, WallMs since);
    [[nodiscard]] rpc::Answer<bool> judgeSession(const rpc::Caller &caller, const QString &method,
                                                 SessionId session) const;

    Host &m_host;
    pluginapi::Store &m_store;
    AuthMode m_mode;
    Changed m_changed;
    AccessTable m_table;
    TokenChecker m_checker;
    QTimer m_expiry;
    WallMs m_lookedAt{0};       ///< For expired tokens.
    bool m_isConfirmed = false; ///< The table is at least as new as the start of this process.
};

} // namespace coffer::node
