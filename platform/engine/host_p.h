// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/replica.h"
#include "engine/engine.h"
#include "engine/peer_message.h"

namespace coffer::engine {

/// What the parts of an engine may ask of the whole. Engine thread.
class Host
{
public:
    virtual ~Host() = default;

    [[nodiscard]] virtual const Options &options() const = 0;
    [[nodiscard]] virtual const Parts &parts() const = 0;
    [[nodiscard]] virtual Monotonic now() const = 0;
    /// None until this node holds a founding record.
    [[nodiscard]] virtual ClusterId cluster() const = 0;
    /// Null until this node holds a founding record.
    [[nodiscard]] virtual consensus::Replica *replica() = 0;
    /// The newest run of \a node that spoke; none if it never did.
    [[nodiscard]] virtual RunId runOf(NodeId node) const = 0;

    /// The newest apply version that the build of \a node knows; 0 if it never said.
    [[nodiscard]] virtual std::uint32_t versionOf(NodeId node) const = 0;
    /// \a node said that it is fenced.
    [[nodiscard]] virtual bool isFenced(NodeId node) const = 0;

    /// True while the own state may be the wrong one: no checkpoint is given or taken.
    [[nodiscard]] virtual bool isDisputed() const = 0;

    virtual void send(NodeId to, EngineMessage message) = 0;
    virtual void send(NodeId to, consensus::Message message) = 0;
    virtual void sendToAddress(const QString &address, EngineMessage message) = 0;
    /// Feeds consensus and carries out what comes of it.
    virtual void step(const consensus::Event &event) = 0;
    /// Queues work; \a done runs on the engine's thread, followed by a flush.
    virtual void run(Lane lane, Executor::Work work, Executor::Done done) = 0;
    /// Calls \a done at the end of this turn, never from within the caller.
    virtual void finish(Engine::Done done, Result<Answer> result) = 0;
    /// The process must end. Nothing is said or served from now on.
    virtual void fail(const Error &error) = 0;
};

} // namespace coffer::engine
