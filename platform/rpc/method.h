// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/call.h"
#include "rpc/error.h"

#include <QByteArray>
#include <QString>

#include <QCoro/QCoroTask>

#include <any>
#include <chrono>
#include <functional>
#include <vector>

namespace coffer::rpc {

/// Who may call a method.
struct Access
{
    enum class Kind {
        open,  ///< Everybody, also without a token: discovery, health.
        read,  ///< Reads what is stored.
        write, ///< Changes what is stored. A failure of such a method says its outcome.
        admin  ///< Changes the cluster itself.
    };

    Kind kind = Kind::admin;
    QString pathParameter{}; ///< The parameter with the path or glob that is touched; "" if none.
    /// It touches nothing but what is the caller's own, or what every caller may know: who has a
    /// token needs no rule for it.
    bool isForAll = false;
};

/// A part of the store that a call would touch. Value.
struct Touch
{
    Access::Kind action = Access::Kind::read;
    QByteArray pattern;  ///< A path or glob.
    bool isTree = false; ///< A path, and all that lies below it.
};

/// What a method says of itself. Value.
struct Method
{
    /// "room.verb": at least two words, joined by dots, of a-z, A-Z and 0-9, each beginning with a
    /// small letter; at most limits::methodNameBytesMax. Those that begin with "rpc." are taken.
    QString name{};
    QString summary{}; ///< One sentence for people.
    /// JSON Schemas (draft-07, as JSON text) of parameters and result; docs/formats/rpc.md says
    /// which keywords there are. That of the parameters describes an object. A member that is a
    /// byte string has {"type":"string","contentEncoding":"base64"}.
    QByteArray params = R"({"type":"object","additionalProperties":false})";
    QByteArray result = "{}";
    Access access{};
    /// It opens a subscription, which ends with the connection of the caller.
    bool isSubscription = false;
    /// All that a call would touch, where that is not what Access::pathParameter says. Asked after
    /// decode, with its result in Call::decoded.
    std::function<std::vector<Touch>(const Call &)> touches{};
    /// How long a call may take if the caller does not say; callers may ask for less, or for more
    /// up to limits::deadlineMax. 0: no deadline (a call that waits for something to happen).
    std::chrono::milliseconds deadline{5000};
    /// For hot methods: reads the parameters into a type of the method's own (Call::decoded) and
    /// refuses what the schema would refuse. Calls in CBOR are then not checked by the schema.
    std::function<Answer<std::any>(const Params &)> decode{};
};

/// Does the work. It is a free or member function, never a capturing lambda (its frame would
/// outlive the lambda's); the call lives until the task has finished. What it throws becomes
/// INTERNAL.
using Handler = std::function<QCoro::Task<Outcome>(Call &)>;

} // namespace coffer::rpc
