// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/client.h"
#include "pluginapi/store.h"

#include <functional>

namespace coffer::client {

/// Hears up to where a reader has been shown everything, before he gets the batch.
using Shown = std::function<void(Revision)>;

/// A watch over the connection of \a client, which has to outlive it. What arrives faster than it
/// is read is bounded: the subscription is cancelled then, and begun again where it stood.
[[nodiscard]] std::unique_ptr<pluginapi::Watch>
makeRemoteWatch(Client &client, store::WatchRequest request, Shown shown);

} // namespace coffer::client
