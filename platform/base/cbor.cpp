// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include "base/check.h"

#include <utility>

namespace coffer::cbor {

namespace {

enum Major : std::uint8_t { natural, negative, byteString, textString, list, map, tag, simple };

constexpr std::uint8_t breakByte = 0xFF;
constexpr int endless = 31;

struct Head
{
    Major major = natural;
    int info = 0;
    std::uint64_t count = 0;
};

/// Steps over the head at \a at, which has to be there.
Head readHead(QByteArrayView bytes, qsizetype &at)
{
    const auto first = std::uint8_t(bytes[at++]);
    Head head{Major(first >> 5), first & 31, 0};
    head.count = std::uint64_t(head.info);
    if (head.info < 24 || head.info == endless)
        return head;
    head.count = 0;
    for (int left = 1 << (head.info - 24); left > 0; --left)
        head.count = head.count << 8 | std::uint8_t(bytes[at++]);
    return head;
}

bool isBreak(QByteArrayView bytes, qsizetype at) { return std::uint8_t(bytes[at]) == breakByte; }

/// The end of the item that begins at \a at. As deep as the item is nested.
qsizetype behind(QByteArrayView bytes, qsizetype at) // NOLINT(misc-no-recursion)
{
    const Head head = readHead(bytes, at);
    if (head.info == endless) {
        while (!isBreak(bytes, at))
            at = behind(bytes, at);
        return at + 1;
    }
    if (head.major == byteString || head.major == textString)
        return at + qsizetype(head.count);
    if (head.major != list && head.major != map)
        return at;
    for (std::uint64_t left = head.major == map ? 2 * head.count : head.count; left > 0; --left)
        at = behind(bytes, at);
    return at;
}

void writeHead(QByteArray &to, Major major, std::uint64_t count)
{
    const auto kind = std::uint8_t(major << 5);
    if (count < 24) {
        to.append(char(kind | count));
        return;
    }
    int size = 0; // its logarithm
    while (size < 3 && count >> (8 << size) != 0)
        ++size;
    to.append(char(kind | (24 + size)));
    for (int shift = 8 * ((1 << size) - 1); shift >= 0; shift -= 8)
        to.append(char(count >> shift));
}

} // namespace

MapWriter::MapWriter(qsizetype bytesExpected)
{
    m_bytes.reserve(bytesExpected);
    m_bytes.append('\0'); // the head
}

void MapWriter::key(QByteArrayView name)
{
    ++m_count;
    writeHead(m_bytes, textString, std::uint64_t(name.size()));
    m_bytes.append(name);
}

void MapWriter::number(QByteArrayView name, std::int64_t value)
{
    key(name);
    if (value < 0)
        writeHead(m_bytes, negative, ~std::uint64_t(value));
    else
        writeHead(m_bytes, natural, std::uint64_t(value));
}

void MapWriter::flag(QByteArrayView name, bool value)
{
    key(name);
    m_bytes.append(value ? '\xF5' : '\xF4');
}

void MapWriter::text(QByteArrayView name, QByteArrayView utf8)
{
    key(name);
    writeHead(m_bytes, textString, std::uint64_t(utf8.size()));
    m_bytes.append(utf8);
}

void MapWriter::bytes(QByteArrayView name, QByteArrayView value)
{
    key(name);
    writeHead(m_bytes, byteString, std::uint64_t(value.size()));
    m_bytes.append(value);
}

void MapWriter::item(QByteArrayView name, QByteArrayView item)
{
    key(name);
    m_bytes.append(item);
}

void MapWriter::array(QByteArrayView name, std::size_t count)
{
    key(name);
    writeHead(m_bytes, list, count);
}

QByteArray MapWriter::take()
{
    COFFER_CHECK(m_count < 24, "a map of more members than its head can count");
    m_bytes[0] = char(map << 5 | m_count);
    return std::move(m_bytes);
}

QByteArray arrayHead(std::size_t count)
{
    QByteArray head;
    writeHead(head, list, count);
    return head;
}

std::optional<MapReader> MapReader::of(QByteArrayView map)
{
    qsizetype at = 0;
    if (map.isEmpty() || readHead(map, at).major != Major::map)
        return std::nullopt;
    return MapReader(map.sliced(at));
}

QByteArrayView MapReader::value(QByteArrayView name) const
{
    qsizetype at = 0;
    while (at < m_items.size() && !isBreak(m_items, at)) {
        const qsizetype keyEnd = behind(m_items, at);
        const qsizetype end = behind(m_items, keyEnd);
        if (textOf(m_items.sliced(at, keyEnd - at)) == name)
            return m_items.sliced(keyEnd, end - keyEnd);
        at = end;
    }
    return {};
}

std::optional<QByteArrayView> textOf(QByteArrayView item)
{
    if (item.isEmpty())
        return std::nullopt;
    qsizetype at = 0;
    const Head head = readHead(item, at);
    if (head.major != textString || head.info == endless)
        return std::nullopt;
    return item.sliced(at);
}

std::optional<std::int64_t> numberOf(QByteArrayView item)
{
    if (item.isEmpty())
        return std::nullopt;
    qsizetype at = 0;
    const Head head = readHead(item, at);
    if (head.major > negative || head.count > std::uint64_t(INT64_MAX))
        return std::nullopt;
    return head.major == natural ? std::int64_t(head.count) : -1 - std::int64_t(head.count);
}

} // namespace coffer::cbor
