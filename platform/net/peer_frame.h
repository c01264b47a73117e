// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <cstdint>
#include <optional>

namespace coffer::net {

enum class PeerFrameKind : std::uint8_t { // on the wire, values never change
    hello = 1,
    refusal = 2,
    message = 3,
    addresses = 4
};

/// One unit of the stream between two peers. docs/formats/peer-transport.md.
struct PeerFrame
{
    PeerFrameKind kind = PeerFrameKind::message;
    QByteArray payload;

    bool operator==(const PeerFrame &) const = default;
};

/// Adds one frame to \a out.
void appendFrame(QByteArray &out, PeerFrameKind kind, QByteArrayView payload);

/// Cuts the stream of a peer into frames. Pure; total: any bytes give frames or `invalid`, and
/// never more memory than what was fed and is not taken.
class PeerFrameReader
{
public:
    /// The stream begins with the magic and then a hello or a refusal. Afterwards, when this was
    /// called, messages and addresses may come, and larger frames.
    void setEstablished() { m_isEstablished = true; }

    /// Adds what has arrived.
    void feed(QByteArrayView bytes);
    /// The next whole frame; nothing until more has arrived. An error is final.
    [[nodiscard]] Result<std::optional<PeerFrame>> next();
    /// Fed and not taken.
    [[nodiscard]] qsizetype waiting() const { return m_bytes.size() - m_begin; }

private:
    [[nodiscard]] Result<bool> takeMagic();

    QByteArray m_bytes;
    qsizetype m_begin = 0; ///< What is before it was taken.
    bool m_hasMagic = false;
    bool m_isEstablished = false;
};

} // namespace coffer::net
