// SPDX-License-Identifier: Apache-2.0
#include "bench/etcd_wish.h"

#include <CLI/CLI.hpp>
#include <QJsonDocument>

#include <cmath>
#include <cstdio>
#include <optional>
#include <random>

using namespace Qt::StringLiterals;
using namespace coffer::bench;

// The load of `coffer bench write` and `read` on etcd, by its own protocol: so many connections,
// each of which waits for its answer before it asks again, driven by one thread. Of `watch`:
// etcd_watchers.cpp.

/// One connection with one question under way.
struct EtcdClient
{
    std::unique_ptr<etcdserverpb::KV::Stub> stub;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> put;
    std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::RangeResponse>> range;
    etcdserverpb::PutResponse done;
    etcdserverpb::RangeResponse found;
    grpc::Status status;
    Time::time_point begun;
};

class EtcdLoad
{
public:
    explicit EtcdLoad(const EtcdWish &wish) : m_wish(wish), m_value(std::size_t(wish.bytes), 'x')
    {
        for (int index = 0; index < wish.clients; ++index) {
            m_clients.push_back(std::make_unique<EtcdClient>());
            m_clients.back()->stub = etcdserverpb::KV::NewStub(wish.connect(index));
        }
    }

    /// Every connection is open, and what will be read is there.
    void prepare()
    {
        m_left = m_wish.mode == "write" ? m_wish.clients : std::max(m_wish.keys, m_wish.clients);
        drive([this](EtcdClient &client) {
            if (m_left > 0)
                ask(client, true, m_left--);
        });
        m_latencies = {};
    }
    void run()
    {
        const bool isWrite = m_wish.mode == "write";
        m_begin = Time::now();
        const auto end = m_begin + std::chrono::duration<double>(m_wish.seconds);
        drive([this, isWrite, end](EtcdClient &client) {
            if (Time::now() < end)
                ask(client, isWrite, int(m_random() % unsigned(m_wish.keys)));
        });
        m_seconds = std::chrono::duration<double>(Time::now() - m_begin).count();
    }
    [[nodiscard]] QJsonObject result() const
    {
        return {{u"perSecond"_s, std::round(double(m_latencies.count()) / m_seconds)},
                {u"latency"_s, toJson(m_latencies)}};
    }

private:
    /// Calls \a next for each client, and again for each that was answered, until none asks.
    void drive(const std::function<void(EtcdClient &)> &next)
    {
        for (const auto &client : m_clients)
            next(*client);
        while (m_underWay > 0) {
            void *tag = nullptr;
            bool isOk = false;
            if (!m_queue.Next(&tag, &isOk))
                return;
            auto &client = *static_cast<EtcdClient *>(tag);
            --m_underWay;
            if (!client.status.ok()) {
                std::fprintf(stderr, "etcd: %s\n", client.status.error_message().c_str());
                std::exit(1);
            }
            m_latencies.add(
                std::chrono::duration_cast<Latencies::Time>(Time::now() - client.begun));
            next(client);
        }
    }
    void ask(EtcdClient &client, bool isWrite, int key)
    {
        const std::string path = "/coffer-bench/key" + std::to_string(key % m_wish.keys);
        client.context.emplace();
        client.begun = Time::now();
        ++m_underWay;
        if (isWrite) {
            etcdserverpb::PutRequest request;
            request.set_key(path);
            request.set_value(m_value);
            client.put = client.stub->AsyncPut(&*client.context, request, &m_queue);
            client.put->Finish(&client.done, &client.status, &client);
            return;
        }
        etcdserverpb::RangeRequest request;
        request.set_key(path);
        request.set_serializable(m_wish.isSerializable);
        client.range = client.stub->AsyncRange(&*client.context, request, &m_queue);
        client.range->Finish(&client.found, &client.status, &client);
    }

    EtcdWish m_wish;
    std::string m_value;
    std::mt19937 m_random{std::random_device{}()};
    grpc::CompletionQueue m_queue;
    std::vector<std::unique_ptr<EtcdClient>> m_clients;
    Latencies m_latencies;
    Time::time_point m_begin;
    double m_seconds = 1;
    int m_left = 0;
    int m_underWay = 0;
};

static QJsonObject loadEtcd(const EtcdWish &wish)
{
    EtcdLoad load(wish);
    load.prepare();
    load.run();
    return load.result();
}

int main(int argc, char **argv)
{
    EtcdWish wish;
    CLI::App options("The load of coffer bench, on etcd; for bench_cluster");
    options.add_option("mode", wish.mode, "write, read or watch")
        ->check(CLI::IsMember({"write", "read", "watch"}))
        ->required();
    options.add_option("--endpoints", wish.endpoints, "host:port of each node")->required();
    options.add_option("--clients", wish.clients)->check(CLI::Range(1, 10'000));
    options.add_option("--size", wish.bytes)->check(CLI::Range(0, 1 << 20));
    options.add_option("--keys", wish.keys)->check(CLI::Range(1, 10'000'000));
    options.add_option("--duration", wish.seconds)->check(CLI::Range(0.1, 3600.0));
    options.add_flag("--serializable", wish.isSerializable);
    options.add_option("--rate", wish.rate, "Writes a second, of watch")
        ->check(CLI::Range(0.1, 10'000.0));
    CLI11_PARSE(options, argc, argv)
    const QJsonObject result = wish.mode == "watch" ? watchEtcd(wish) : loadEtcd(wish);
    std::printf("%s\n", QJsonDocument(result).toJson(QJsonDocument::Compact).constData());
    return 0;
}
