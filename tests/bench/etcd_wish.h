// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/etcd.grpc.pb.h"
#include "cli/latencies.h"

#include <grpcpp/grpcpp.h>

#include <QCborValue>
#include <QJsonObject>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace coffer::bench {

using Time = std::chrono::steady_clock;
using cli::Latencies;

/// What bench_cluster asks of etcd_load.
struct EtcdWish
{
    std::string mode = "write";
    std::vector<std::string> endpoints;
    int clients = 16;
    int bytes = 256;
    int keys = 1000;
    double seconds = 5;
    double rate = 20;
    bool isSerializable = false;

    /// A connection of its own: by default all clients of an endpoint would share one.
    [[nodiscard]] std::shared_ptr<grpc::Channel> connect(int client) const
    {
        grpc::ChannelArguments own;
        own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        return grpc::CreateCustomChannel(endpoints[std::size_t(client) % endpoints.size()],
                                         grpc::InsecureChannelCredentials(), own);
    }
};

/// As `coffer --json bench` says them.
inline QJsonValue toJson(const Latencies &latencies)
{
    return QCborValue(latencies.toCbor()).toJsonValue();
}

/// The load of `coffer bench watch` on etcd: as many connections that watch one key, and one that
/// writes it and waits until all are told.
QJsonObject watchEtcd(const EtcdWish &wish);

} // namespace coffer::bench
