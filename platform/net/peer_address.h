// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QString>

namespace coffer::net {

/// Where a node listens for its peers, or is reached by them: "host:port", "[v6]:port". Value.
struct PeerAddress
{
    QString host;
    quint16 port = 0;

    /// `invalid` with a sentence that says what was expected.
    [[nodiscard]] static Result<PeerAddress> parse(const QString &text);
    [[nodiscard]] QString text() const;
    bool operator==(const PeerAddress &) const = default;
};

} // namespace coffer::net
