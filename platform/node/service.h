// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QString>

#include <functional>

namespace coffer::node {

class Host;

/// Something that people or programs reach: the front door, a gateway. Node thread.
///
/// Made by the composition root (main.cpp), started when the engine has read its disk, ended
/// before the engine. It has to answer `unavailable` while there is no leader.
class Service
{
public:
    virtual ~Service() = default;

    /// Begins to listen. Returns where it can be reached, as people would type it, or nothing. An
    /// error ends the start of the node. \a host outlives the service.
    [[nodiscard]] virtual Result<QString> start(Host &host) = 0;
    /// Takes nothing new from now on. Calls \a done when what was in flight is answered; the
    /// answers still come from the engine. The service may be destroyed before it is done.
    virtual void stop(std::function<void()> done) = 0;
    /// False while it has yet to get ready by itself; the node is not ready before.
    [[nodiscard]] virtual bool isReady() const { return true; }
};

} // namespace coffer::node
