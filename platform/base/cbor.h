// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QVarLengthArray>

#include <cstdint>
#include <optional>
#include <vector>

/// CBOR (RFC 8949) without values in between, where a request would otherwise spend most of its
/// time in QCborMap.
namespace coffer::cbor {

/// A map of at most 23 members that is written as it grows. Value.
class MapWriter
{
public:
    explicit MapWriter(qsizetype bytesExpected = 256);

    void number(QByteArrayView name, std::int64_t value);
    void flag(QByteArrayView name, bool value);
    /// \a utf8 has to be UTF-8.
    void text(QByteArrayView name, QByteArrayView utf8);
    void bytes(QByteArrayView name, QByteArrayView value);
    /// A member whose value is \a item, encoded already.
    void item(QByteArrayView name, QByteArrayView item);
    /// Begins an array of \a count items, which are then written with append().
    void array(QByteArrayView name, std::size_t count);
    /// Begins a map of \a count members, at most 23, which are then written as if they were members
    /// of this one.
    void map(QByteArrayView name, int count);
    void append(QByteArrayView item);

    /// The map. Nothing may be written any more.
    [[nodiscard]] QByteArray take();

private:
    void key(QByteArrayView name);
    void put(char byte);

    QByteArray m_bytes; ///< With room behind what is written.
    qsizetype m_size = 0;
    int m_count = 0;
};

/// The head of an array of \a count items.
[[nodiscard]] QByteArray arrayHead(std::size_t count);

/// The items of a map, as slices of its bytes, which have to outlive it and to be well-formed and
/// of bounded depth: rpc/json.h, refuteCbor(), or our own. Value.
class MapReader
{
public:
    struct Member
    {
        QByteArrayView name; ///< Null unless the key is a text of one piece.
        QByteArrayView value;
    };
    using Members = QVarLengthArray<Member, 12>;

    /// Nothing if \a map is another item.
    [[nodiscard]] static std::optional<MapReader> of(QByteArrayView map);

    /// The encoded value of the first member with this name; empty if there is none.
    [[nodiscard]] QByteArrayView value(QByteArrayView name) const;
    /// All of them, in their order.
    [[nodiscard]] const Members &members() const { return m_members; }

private:
    Members m_members;
};

[[nodiscard]] bool isMap(QByteArrayView item);
/// The items of an array, as slices of it; nothing if \a array is another item.
[[nodiscard]] std::optional<std::vector<QByteArrayView>> itemsOf(QByteArrayView array);
/// The text of \a item in UTF-8; nothing unless it is a text of one piece.
[[nodiscard]] std::optional<QByteArrayView> textOf(QByteArrayView item);
/// The bytes of \a item; nothing unless it is a byte string of one piece.
[[nodiscard]] std::optional<QByteArrayView> bytesOf(QByteArrayView item);
/// The number; nothing unless \a item is an integer that fits.
[[nodiscard]] std::optional<std::int64_t> numberOf(QByteArrayView item);

} // namespace coffer::cbor
