// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "consensus/entry.h"
#include "engine/peer_message.h"
#include "wire/records.pb.h"

#include <QByteArray>

#include <optional>

/// What the two halves of the codec share: the envelope, and the parts of messages.
///
/// Envelope: the size of the head (4 bytes, little endian), the head (protobuf), and the bulk:
/// bare bytes whose sizes the head names. Protobuf would copy each large field twice.
namespace coffer::engine::codec {

inline constexpr qsizetype headSizeBytes = 4;
/// Bounds the memory that a head of many tiny fields can claim.
inline constexpr std::size_t headBytesMax = std::size_t(64) << 10;
/// A body is a batch: one command of the largest size, or many with their sizes.
inline constexpr std::size_t bodyBytesMax = limits::commandBytesMax + (std::size_t(8) << 10);
/// Items of a Promise or Chosen: as many as a chunk holds when each counts as 32 bytes.
inline constexpr std::size_t itemsMax = limits::chunkBytesMax / 32;
inline constexpr std::uint32_t promiseChunksMax = 65'536;
inline constexpr std::size_t addressBytesMax = 512;
inline constexpr std::size_t sentenceBytesMax = 4096; ///< Longer ones are cut when sent.

void put(const Ballot &from, wire::Ballot &to);
void put(const consensus::MemberSet &from, wire::MemberSet &to);
void put(const consensus::Entry &from, wire::Entry &to); ///< Without the body.
void put(const Founding &from, wire::Founding &to);

/// Adds the size of \a head and \a head itself to \a out.
void appendHead(QByteArray &out, const google::protobuf::MessageLite &head);

/// \a text in UTF-8, cut between two characters to \a bytesMax.
[[nodiscard]] std::string cutUtf8(const QString &text, std::size_t bytesMax);

/// Reads an envelope and remembers the first fault. Value; the bytes must outlive it.
///
/// After a fault every reading is harmless and of no meaning, so that messages are read without
/// asking after each field; isSound() decides at the end. A fault names the field: \a field is
/// continued by a rule, as in "accept.entry" ".kind is unknown".
class Input
{
public:
    explicit Input(QByteArrayView bytes) : m_rest(bytes) {}

    [[nodiscard]] bool isSound() const { return m_field == nullptr; }
    [[nodiscard]] Error error(ErrorCode code = ErrorCode::invalid) const;
    /// Notes a fault unless \a isKept.
    void require(bool isKept, const char *field, const char *rule);
    /// Notes a fault if there are bytes left.
    void requireEnd(const char *field) { require(m_rest.isEmpty(), field, " goes on too long"); }

    [[nodiscard]] qsizetype bytesLeft() const { return m_rest.size(); }
    /// A head as appendHead() writes it.
    void head(google::protobuf::MessageLite &to, const char *field);
    /// All bytes that are left, as one protobuf message without an envelope.
    void message(google::protobuf::MessageLite &to, const char *field);
    /// A copy of the next \a bytes.
    [[nodiscard]] QByteArray take(std::size_t bytes, const char *field);
    [[nodiscard]] QByteArray takeRest(std::size_t bytesMax, const char *field);

    [[nodiscard]] Slot slot(std::uint64_t value, const char *field);          ///< At least 1.
    [[nodiscard]] Epoch epoch(std::uint64_t value, const char *field);        ///< At least 1.
    [[nodiscard]] Ballot ballot(const wire::Ballot &from, const char *field); ///< Not none.
    /// Takes the body from the bulk.
    [[nodiscard]] consensus::Entry entry(const wire::Entry &from, const char *field);
    [[nodiscard]] consensus::MemberSet members(const wire::MemberSet &from, const char *field);
    [[nodiscard]] Founding founding(const wire::Founding &from, const char *field);
    [[nodiscard]] QString text(const std::string &utf8, std::size_t bytesMax, const char *field);

private:
    QByteArrayView m_rest;
    const char *m_field = nullptr;
    const char *m_rule = nullptr;
};

/// The same as Input::ballot(), but none is welcome.
[[nodiscard]] Ballot ballotOf(const wire::Ballot &from);

} // namespace coffer::engine::codec
