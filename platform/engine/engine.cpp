// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "base/limits.h"
#include "engine/core_p.h"

#include <utility>

namespace coffer::engine {

Engine::Engine(Options options, Parts parts, Fatal fatal)
    : m_core(std::make_unique<Core>(std::move(options), parts, std::move(fatal)))
{}

Engine::~Engine() = default;

Result<void> Engine::start() { return m_core->start(); }

Result<Salvage> Engine::salvage() { return m_core->salvage(); }

void Engine::receive(const QByteArray &frame) { m_core->receive(frame); }

void Engine::peerLost(NodeId peer) { m_core->peerLost(peer); }

void Engine::tick() { m_core->tick(); }

Monotonic Engine::nextWake() const { return m_core->nextWake(); }

void Engine::flush() { m_core->flush(); }

void Engine::submit(const QByteArray &command, Done done, std::optional<Monotonic> until)
{
    if (std::size_t(command.size()) > limits::commandBytesMax) {
        m_core->finish(
            std::move(done),
            Error{ErrorCode::invalid, QStringLiteral("the command has %1 bytes, %2 are allowed")
                                          .arg(command.size())
                                          .arg(limits::commandBytesMax)});
        return;
    }
    m_core->submit(command, std::move(done), until);
}

void Engine::read(ReadMode mode, Slot seen, const QByteArray &question, Done done)
{
    m_core->read(mode, seen, question, std::move(done));
}

void Engine::keepAlive(SessionId session, Done done)
{
    Request request;
    request.kind = RequestKind::keepAlive;
    request.session = session;
    m_core->ask(std::move(request), std::move(done));
}

void Engine::reconfigure(const consensus::MemberSet &members, Epoch ifEpoch, Done done)
{
    Request request;
    request.kind = RequestKind::reconfigure;
    request.members = members;
    request.ifEpoch = ifEpoch;
    m_core->ask(std::move(request), std::move(done));
}

void Engine::transferLeadership(NodeId target, Done done)
{
    Request request;
    request.kind = RequestKind::transfer;
    request.target = target;
    m_core->ask(std::move(request), std::move(done));
}

void Engine::exportCheckpoint(Slot slot, Exported done)
{
    m_core->exportCheckpoint(slot, std::move(done));
}

Status Engine::status() const { return m_core->status(); }

void Engine::setAppliedHook(AppliedHook hook) { m_core->setAppliedHook(std::move(hook)); }

} // namespace coffer::engine
