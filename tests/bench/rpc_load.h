// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace coffer::bench {

/// A client that keeps some calls of a trivial method under way, and a server on a thread of its
/// own.
class RpcLoad
{
public:
    enum class Kind {
        http, ///< GET /healthz.
        post, ///< POST /rpc with JSON.
        json, ///< Text messages of a WebSocket.
        cbor  ///< Binary ones.
    };
    struct Measured
    {
        double requestsPerSecond = 0;
        double serverMicrosecondsPerRequest = 0; ///< Processor time of the server's thread.
    };

    RpcLoad(Kind kind, int inFlight) : m_kind(kind), m_inFlight(inFlight) {}

    /// Loads for \a seconds after a warm-up of a tenth.
    [[nodiscard]] Measured run(double seconds) const;

private:
    Kind m_kind;
    int m_inFlight;
};

} // namespace coffer::bench
