// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include "base/check.h"

#include <algorithm>
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

/// Steps over the head at \a at; over all that is left where it is cut short.
Head readHead(QByteArrayView bytes, qsizetype &at)
{
    if (at >= bytes.size())
        return {};
    const auto first = std::uint8_t(bytes[at++]);
    Head head{Major(first >> 5), first & 31, 0};
    head.count = std::uint64_t(head.info);
    if (head.info < 24 || head.info == endless)
        return head;
    head.count = 0;
    const int size = head.info > 27 ? 0 : 1 << (head.info - 24);
    if (size > bytes.size() - at) {
        at = bytes.size();
        return {};
    }
    for (int left = size; left > 0; --left)
        head.count = head.count << 8 | std::uint8_t(bytes[at++]);
    return head;
}

/// Also true at the end of the bytes.
bool isBreak(QByteArrayView bytes, qsizetype at)
{
    return at >= bytes.size() || std::uint8_t(bytes[at]) == breakByte;
}

/// The end of the item that begins at \a at. As deep as the item is nested.
qsizetype behind(QByteArrayView bytes, qsizetype at) // NOLINT(misc-no-recursion)
{
    const Head head = readHead(bytes, at);
    if (head.info == endless) {
        while (!isBreak(bytes, at))
            at = behind(bytes, at);
        return std::min(at + 1, bytes.size());
    }
    if (head.major == byteString || head.major == textString)
        return at + qsizetype(std::min(head.count, std::uint64_t(bytes.size() - at)));
    if (head.major != list && head.major != map)
        return at;
    const std::uint64_t count = head.major == map ? 2 * head.count : head.count;
    for (std::uint64_t done = 0; done < count && at < bytes.size(); ++done)
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
    if (map.isEmpty())
        return std::nullopt;
    const Head head = readHead(map, at);
    if (head.major != Major::map)
        return std::nullopt;
    std::optional<MapReader> reader(std::in_place);
    const auto isOver = [&map, &head, &at](std::uint64_t count) {
        return head.info == endless ? isBreak(map, at) : count == head.count || at >= map.size();
    };
    for (std::uint64_t count = 0; !isOver(count); ++count) {
        const qsizetype keyEnd = behind(map, at);
        const qsizetype end = behind(map, keyEnd);
        reader->m_members.append({textOf(map.sliced(at, keyEnd - at)).value_or(QByteArrayView()),
                                  map.sliced(keyEnd, end - keyEnd)});
        at = end;
    }
    return reader;
}

QByteArrayView MapReader::value(QByteArrayView name) const
{
    for (const Member &member : m_members) {
        if (!member.name.isNull() && member.name == name)
            return member.value;
    }
    return {};
}

bool isMap(QByteArrayView item)
{
    qsizetype at = 0;
    return !item.isEmpty() && readHead(item, at).major == Major::map;
}

std::optional<std::vector<QByteArrayView>> itemsOf(QByteArrayView array)
{
    qsizetype at = 0;
    if (array.isEmpty())
        return std::nullopt;
    const Head head = readHead(array, at);
    if (head.major != list)
        return std::nullopt;
    std::vector<QByteArrayView> items;
    while (head.info == endless ? !isBreak(array, at)
                                : items.size() < head.count && at < array.size()) {
        const qsizetype end = behind(array, at);
        items.push_back(array.sliced(at, end - at));
        at = end;
    }
    return items;
}

/// What stands behind the head of a string of one piece.
static std::optional<QByteArrayView> stringOf(QByteArrayView item, Major major)
{
    if (item.isEmpty())
        return std::nullopt;
    qsizetype at = 0;
    const Head head = readHead(item, at);
    if (head.major != major || head.info == endless)
        return std::nullopt;
    return item.sliced(at);
}

std::optional<QByteArrayView> textOf(QByteArrayView item) { return stringOf(item, textString); }

std::optional<QByteArrayView> bytesOf(QByteArrayView item) { return stringOf(item, byteString); }

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
