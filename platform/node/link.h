// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/transport.h"

namespace coffer::node {

/// The engine's transport as a host drives it: what is sent in a turn leaves at its end, in one
/// write a peer. Node thread.
class Link : public engine::Transport
{
public:
    /// Ends a turn: everything that was sent since the last call leaves now.
    virtual void flush() = 0;
};

/// For a cluster of one, and for tests: there is nobody.
class NoLink final : public Link
{
public:
    void send(NodeId, const QByteArray &) override {}
    void sendToAddress(const QString &, const QByteArray &) override {}
    void flush() override {}
};

} // namespace coffer::node
