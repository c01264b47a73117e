// SPDX-License-Identifier: Apache-2.0
#include "bench/node_thread.h"

#include "engine/store_layout.h"
#include "net/epoll_loop.h"

#include <cstdio>
#include <cstdlib>

namespace coffer::bench {

[[noreturn]] static void die(const Error &error)
{
    std::fprintf(stderr, "bench: %s\n", qUtf8Printable(error.message));
    std::_Exit(1);
}

NodeThread::NodeThread(Settings settings) : m_settings(std::move(settings))
{
    setEventDispatcher(new net::EpollLoop); // the thread owns it
}

NodeThread::~NodeThread()
{
    quit();
    wait();
}

void NodeThread::inLoop(const std::function<void(node::Host &)> &call)
{
    if (m_host == nullptr)
        m_started.acquire();
    QMetaObject::invokeMethod(
        m_host, [&] { call(*m_host); }, Qt::BlockingQueuedConnection);
}

void NodeThread::run()
{
    node::SystemClock clock;
    node::SystemRandom random;
    auto directory = node::DataDirectory::open(m_settings.directory, random);
    if (!directory)
        die(directory.error());
    storage::FileJournal journal((*directory)->journalFiles(),
                                 {.owner = {.node = (*directory)->self(), .cluster = {}}});
    storage::SqliteCheckpoint checkpoint(
        {.directory = (*directory)->path(), .layout = engine::storeLayout()});
    node::HostOptions options;
    options.engine.self = (*directory)->self();
    options.engine.run = RunId(random.next() | 1);
    options.engine.peers = {m_settings.peers.begin(), m_settings.peers.end()};
    options.engine.address = m_settings.address;

    net::PeerTransport::Options transport;
    transport.self = options.engine.self;
    transport.run = options.engine.run;
    transport.address = m_settings.address;
    transport.seeds = m_settings.peers;
    if (!m_settings.address.isEmpty())
        transport.listen = net::PeerAddress::parse(m_settings.address).value();
    node::PeerLink peers(transport, random);
    node::NoLink nobody;
    node::Link &link = m_settings.peers.isEmpty() ? static_cast<node::Link &>(nobody) : peers;
    node::LaneThreads threads;
    node::Host host(options, {clock, random, link, journal, checkpoint, threads}, die);
    if (const auto started = host.start(); !started)
        die(started.error());
    if (!m_settings.peers.isEmpty()) {
        if (const auto started = peers.start(host); !started)
            die(started.error());
    }
    m_host = &host;
    m_started.release();
    exec();
    threads.stop();
}

} // namespace coffer::bench
