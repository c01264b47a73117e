// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/method.h"

#include <QByteArray>

/// Schemas of the methods of hosts, agents and the fleet: what the handlers rely on.
namespace coffer::goconf::schemas {

/// A name as config::isName() wants it.
inline constexpr char name[] =
    R"({"type":"string","pattern":"^[A-Za-z0-9-][A-Za-z0-9._-]{0,127}$"})";
inline constexpr char secret[] = R"({"type":"string","pattern":"^[0-9a-f]{64}$"})";
inline constexpr char ticket[] = R"({"type":"string","pattern":"^[0-9a-f]{32}$"})";
/// A root; empty for none.
inline constexpr char root[] = R"({"type":"string","pattern":"^([0-9a-f]{64})?$"})";
inline constexpr char version[] = R"({"type":"string","pattern":"^(v[1-9][0-9]{0,17})?$"})";
/// The id of a release.
inline constexpr char release[] = R"({"type":"string","pattern":"^[0-9a-f]{16}-[0-9a-f]{8}$"})";

/// An object with these members, no others.
[[nodiscard]] inline QByteArray object(const QByteArray &required, const QByteArray &members)
{
    return R"({"type":"object","additionalProperties":false,"required":[)" + required
           + R"(],"properties":{)" + members + "}}";
}
[[nodiscard]] inline QByteArray member(const QByteArray &called, const QByteArray &schema)
{
    return '"' + called + "\":" + schema;
}

} // namespace coffer::goconf::schemas
