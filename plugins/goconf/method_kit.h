// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/paths.h"
#include "goconf/records.h"

#include "pluginapi/context.h"
#include "rpc/error.h"
#include "rpc/method.h"

#include <optional>
#include <vector>

/// What all methods of configuration have in common: schemas, access, parameters.
namespace coffer::goconf {

/// The schema of an object: \a properties is the inside of "properties", where $name, $scope,
/// $draft, $version, $names, $text and $hash stand for common ones, $service for a name or _global;
/// \a required names some of them.
[[nodiscard]] QByteArray schemaOf(const QByteArray &properties, const QByteArray &required = {});

using Touches = std::vector<rpc::Touch> (*)(const rpc::Call &);
[[nodiscard]] rpc::Method methodOf(const QString &name, const QString &summary,
                                   const QByteArray &schema, rpc::Access::Kind kind,
                                   Touches touches);

/// The parameters: they have passed the schema.
[[nodiscard]] QByteArray textIn(const QCborMap &params, const char *name,
                                const QByteArray &otherwise = {});
[[nodiscard]] std::vector<QByteArray> textsIn(const QCborMap &params, const char *name);
[[nodiscard]] DraftId draftIn(const QCborMap &params);
/// Who asks, and when: the caller, or `as` of somebody who is not known.
[[nodiscard]] Trace traceOf(const rpc::Call &call, const pluginapi::PluginClock &clock);

/// Why \a host cannot have a layer of its own of \a service; nothing if it can. \a record: null if
/// there is no such host.
[[nodiscard]] std::optional<rpc::Failure>
hostFailure(const QByteArray &service, const QByteArray &host, const HostRecord *record);

// Touches of reads and of drafts.
[[nodiscard]] std::vector<rpc::Touch> touchesService(const rpc::Call &call);
[[nodiscard]] std::vector<rpc::Touch> touchesDraft(const rpc::Call &call);
[[nodiscard]] std::vector<rpc::Touch> touchesAll(const rpc::Call &call);

} // namespace coffer::goconf
