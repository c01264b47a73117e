// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "rpc/error.h"
#include "rpc/message.h"
#include "rpc/method.h"

#include <QCborMap>
#include <QString>

#include <QCoro/QCoroTask>

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace coffer::rpc {

class Entry;
class Registry;

/// Keeps a method registered; takes it back when it dies. Moves. May outlive the registry.
class [[nodiscard]] Registration
{
public:
    Registration() = default;
    Registration(Registration &&) noexcept = default;
    Registration &operator=(Registration &&other) noexcept;
    ~Registration() { reset(); }

    /// Takes the method back now: new calls find METHOD_NOT_FOUND. Calls in flight go on and still
    /// use the handler: wait for inFlight() == 0 before what it refers to is destroyed.
    void reset();
    /// Calls of this method under way, also after reset().
    [[nodiscard]] int inFlight() const;

private:
    friend class Registry;
    struct Home; // names the registry while it lives
    Registration(std::shared_ptr<Entry> entry, std::weak_ptr<Home> home);

    std::shared_ptr<Entry> m_entry; // shared with the calls in flight
    std::weak_ptr<Home> m_home;
};

/// All methods of a node, for every transport. Lives on the node thread.
class Registry
{
public:
    /// Says why a call may not be made; nothing if it may.
    using Authorize = std::function<std::optional<Failure>(const Method &, const Call &)>;

    /// A registry with rpc.discover.
    Registry();
    ~Registry();
    Q_DISABLE_COPY_MOVE(Registry)

    /// Registers a method. Fails with what is wrong (name, schema, a name that is taken).
    [[nodiscard]] Result<Registration> add(Method method, Handler handler);
    /// Asked before every call but those of Access::Kind::open; without it everybody may do all.
    void setAuthorize(Authorize authorize) { m_authorize = std::move(authorize); }

    /// The method with this name, or nullptr.
    [[nodiscard]] std::shared_ptr<const Entry> find(const QString &name) const;
    /// Makes the call that \a call describes: looks up call.method, checks call.params (by the
    /// schema; in CBOR by Method::decode in its place, where there is one), asks Authorize, awaits
    /// the handler. \a form says what the parameters came as. \a call must live until the task has
    /// finished. Never throws; every failure of a write says its outcome.
    [[nodiscard]] QCoro::Task<Outcome> invoke(Call &call, Form form);
    /// All methods as an OpenRPC document; what rpc.discover answers.
    [[nodiscard]] QCborMap discover() const;

private:
    friend class Registration;
    [[nodiscard]] Answer<std::shared_ptr<Entry>> admit(Call &call, Form form) const;
    [[nodiscard]] QCoro::Task<Outcome> answerDiscover(Call &call);

    std::map<QString, std::shared_ptr<Entry>> m_entries; // shared with calls in flight
    Authorize m_authorize;
    std::shared_ptr<Registration::Home> m_home;
    Registration m_discover;
};

} // namespace coffer::rpc
