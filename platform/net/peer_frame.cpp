// SPDX-License-Identifier: Apache-2.0
#include "net/peer_frame.h"

#include "base/limits.h"
#include "net/peer_limits.h"

#include <QtEndian>

#include <isa-l/crc.h>

#include <algorithm>

namespace coffer::net {

static std::uint32_t checksum(const char *bytes, qsizetype size)
{
    // ISA-L only reads, though its parameter is not const. No frame is as large as an int.
    auto *data = const_cast<unsigned char *>( // NOLINT
        reinterpret_cast<const unsigned char *>(bytes));
    return ~crc32_iscsi(data, int(size), 0xffffffffU);
}

void appendFrame(QByteArray &out, PeerFrameKind kind, QByteArrayView payload)
{
    const qsizetype head = out.size();
    const qsizetype body = head + qsizetype(peerFrameHeadBytes);
    out.resize(body);
    out.append(char(kind));
    out.append(payload);
    const qsizetype size = out.size() - body;
    qToLittleEndian(quint32(size), out.data() + head);
    qToLittleEndian(quint32(checksum(out.constData() + body, size)), out.data() + head + 4);
}

void PeerFrameReader::feed(QByteArrayView bytes)
{
    if (m_begin > 0) {
        m_bytes.remove(0, m_begin);
        m_begin = 0;
    }
    m_bytes.append(bytes);
}

static Error invalid(const QString &why) { return {ErrorCode::invalid, why}; }

/// True when the magic was there.
Result<bool> PeerFrameReader::takeMagic()
{
    const auto present = std::min<qsizetype>(waiting(), qsizetype(peerMagicBytes));
    const QByteArrayView begin = QByteArrayView(m_bytes).sliced(m_begin, present);
    if (begin != QByteArrayView(peerMagic, present))
        return invalid(QStringLiteral("what is there does not speak the peer protocol of Coffer; "
                                      "is it the port for peers (--listen-peers), and do both "
                                      "sides use TLS or neither?"));
    m_hasMagic = present == qsizetype(peerMagicBytes);
    m_begin += m_hasMagic ? present : 0;
    return m_hasMagic;
}

Result<std::optional<PeerFrame>> PeerFrameReader::next()
{
    if (!m_hasMagic) {
        const auto taken = takeMagic();
        if (!taken)
            return taken.error();
        if (!*taken)
            return std::optional<PeerFrame>();
    }
    if (waiting() < qsizetype(peerFrameHeadBytes))
        return std::optional<PeerFrame>();
    const char *head = m_bytes.constData() + m_begin;
    const auto size = qsizetype(qFromLittleEndian<quint32>(head));
    const qsizetype sizeMax =
        qsizetype(m_isEstablished ? limits::frameBytesMax : peerHelloBytesMax) + 1;
    if (size < 1 || size > sizeMax)
        return invalid(
            QStringLiteral("a frame of %1 bytes; from 1 to %2 are allowed").arg(size).arg(sizeMax));
    if (waiting() < qsizetype(peerFrameHeadBytes) + size)
        return std::optional<PeerFrame>();
    const char *body = head + peerFrameHeadBytes;
    if (checksum(body, size) != qFromLittleEndian<quint32>(head + 4))
        return invalid(QStringLiteral("a frame has a wrong checksum: it was damaged on its way"));
    const auto kind = PeerFrameKind(body[0]);
    const bool isExpected = m_isEstablished
                                ? kind == PeerFrameKind::message || kind == PeerFrameKind::addresses
                                : kind == PeerFrameKind::hello;
    if (!isExpected && kind != PeerFrameKind::refusal)
        return invalid(QStringLiteral("a frame of kind %1 where %2 was expected")
                           .arg(int(body[0]))
                           .arg(m_isEstablished
                                    ? QStringLiteral("a message, addresses or a refusal")
                                    : QStringLiteral("a hello or a refusal")));
    m_begin += qsizetype(peerFrameHeadBytes) + size;
    return std::optional(PeerFrame{kind, QByteArray(body + 1, size - 1)});
}

} // namespace coffer::net
