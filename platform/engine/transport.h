// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"

#include <QByteArray>
#include <QString>

namespace coffer::engine {

/// Carries frames to other nodes: at most once, in any order, perhaps never. Never blocks; what
/// does not fit its queue is dropped. A frame is one encoded wire::PeerFrame.
class Transport
{
public:
    virtual ~Transport() = default;

    virtual void send(NodeId to, const QByteArray &frame) = 0;
    /// To whoever listens at \a address, before its NodeId is known (founding).
    virtual void sendToAddress(const QString &address, const QByteArray &frame) = 0;
};

} // namespace coffer::engine
