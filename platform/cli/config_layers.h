// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"
#include "config/layer.h"

#include <QCborMap>

#include <map>

/// Whole layers of the cluster, as verbs on directories need them.
namespace coffer::cli {

/// "shop", "shop@sh001".
[[nodiscard]] QString layerText(const QString &service, const QByteArray &scope);

struct StoredLayer
{
    config::Layer layer = {};
    QString version = {}; ///< "" if nothing is live.
};
/// A layer as goconf.get shows it to \a view (service, scope, perhaps a version or a draft): all
/// pages are of one version; a draft may be edited meanwhile.
[[nodiscard]] Task<rpc::Answer<StoredLayer>> fetchLayer(Console &console, QCborMap view);
/// What goconf.service.list says; NOT_FOUND if there is no such service.
[[nodiscard]] Task<rpc::Outcome> findService(Console &console, QString service);
/// Drafts of this name that have changes, by scope, as goconf.draft.list shows them; none for "".
[[nodiscard]] Task<rpc::Answer<std::map<QByteArray, QCborMap>>>
findDrafts(Console &console, QString service, QString draft);

} // namespace coffer::cli
