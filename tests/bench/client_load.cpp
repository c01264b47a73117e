// SPDX-License-Identifier: Apache-2.0
#include "bench/client_load.h"

#include "store/answer.h"
#include "store/query.h"

#include <cstdio>
#include <cstdlib>

namespace coffer::bench {

static QByteArray pathOf(std::size_t file)
{
    return "/bench/" + QByteArray::number(qulonglong(file));
}

static store::Transaction putOf(std::size_t file)
{
    store::Transaction put;
    put.operations = {
        store::Put{.path = pathOf(file), .value = QByteArray(ClientLoad::valueBytes, 'v')}};
    return put;
}

[[noreturn]] static void die(const QString &why)
{
    std::fprintf(stderr, "bench_core: a client is not content: %s\n", qUtf8Printable(why));
    std::exit(1);
}

/// What a command was answered; ends the program unless it was done.
static store::Answer doneAnswer(const Result<engine::Answer> &result)
{
    if (!result)
        die(result.error().message);
    const Result<store::Answer> answer = store::decodeAnswer(result->bytes);
    if (!answer || answer->status != store::Status::ok)
        die(QStringLiteral("a command was refused"));
    return *answer;
}

ClientLoad::ClientLoad(Trio &trio, std::size_t node, Kind kind, std::size_t clients,
                       std::size_t files)
    : m_trio(trio), m_node(node), m_kind(kind), m_clients(clients)
{
    for (std::size_t file = 0; file < files; ++file) {
        m_puts.push_back(store::encode(store::Command{{}, putOf(file)}));
        m_reads.push_back(store::encode(store::Question(store::Get{pathOf(file)})));
    }
    for (std::size_t i = 0; i < clients; ++i)
        m_clients[i].file = (i * 7919) % files;
}

void ClientLoad::prepare()
{
    std::size_t left = m_puts.size();
    for (const QByteArray &put : m_puts) {
        m_trio.engine(m_node).submit(put, [&left](const Result<engine::Answer> &result) {
            static_cast<void>(doneAnswer(result));
            --left;
        });
    }
    m_trio.wake(m_node);
    m_trio.runUntil([&left] { return left == 0; }, "the files to be written");
    if (m_kind == Kind::sessionPuts)
        openSessions();
}

void ClientLoad::openSessions()
{
    std::size_t left = m_clients.size();
    for (std::size_t i = 0; i < m_clients.size(); ++i) {
        const store::OpenSession open{.nonce = i + 1, .timeToLive = std::chrono::hours(24)};
        m_trio.engine(m_node).submit(store::encode(store::Command{{}, open}),
                                     [this, i, &left](const Result<engine::Answer> &result) {
                                         m_clients[i].session = doneAnswer(result).session;
                                         --left;
                                     });
    }
    m_trio.wake(m_node);
    m_trio.runUntil([&left] { return left == 0; }, "the sessions to be open");
}

QByteArray ClientLoad::putCommand(Client &client)
{
    if (m_kind == Kind::puts)
        return m_puts[client.file];
    client.sequence = client.sequence.next();
    const store::Origin origin{client.session, client.sequence, client.sequence.previous()};
    return store::encode(store::Command{origin, putOf(client.file)});
}

void ClientLoad::ask(std::size_t number)
{
    Client &client = m_clients[number];
    client.file = (client.file + m_clients.size()) % m_puts.size();
    ++m_outstanding;
    const auto heardHere = [this, number](const Result<engine::Answer> &result) {
        heard(number, result);
    };
    engine::Engine &engine = m_trio.engine(m_node);
    if (m_kind == Kind::reads)
        engine.read(engine::ReadMode::linearizable, Slot(), m_reads[client.file], heardHere);
    else
        engine.submit(putCommand(client), heardHere);
}

void ClientLoad::heard(std::size_t number, const Result<engine::Answer> &result)
{
    --m_outstanding;
    ++m_answered;
    if (m_kind != Kind::reads)
        static_cast<void>(doneAnswer(result));
    else if (!result || result->bytes.size() < valueBytes)
        die(QStringLiteral("a read failed"));
    if (m_isStopping)
        return;
    ask(number);
    m_trio.wake(m_node);
}

void ClientLoad::start()
{
    for (std::size_t i = 0; i < m_clients.size(); ++i)
        ask(i);
    m_trio.wake(m_node);
}

void ClientLoad::stop()
{
    m_isStopping = true;
    m_trio.runUntil([this] { return m_outstanding == 0; }, "the last answers");
}

} // namespace coffer::bench
