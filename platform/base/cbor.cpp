// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include "base/check.h"

#include <algorithm>
#include <array>
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

/// Reads the count of a head that has it in 1 to 8 bytes behind itself.
Head readWideHead(Head head, QByteArrayView bytes, qsizetype &at)
{
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

/// Steps over the head at \a at; over all that is left where it is cut short.
inline Head readHead(QByteArrayView bytes, qsizetype &at)
{
    if (at >= bytes.size())
        return {};
    const auto first = std::uint8_t(bytes[at++]);
    const Head head{Major(first >> 5), first & 31, std::uint64_t(first & 31)};
    if (head.info < 24 || head.info == endless)
        return head;
    return readWideHead(head, bytes, at);
}

/// Also true at the end of the bytes.
bool isBreak(QByteArrayView bytes, qsizetype at)
{
    return at >= bytes.size() || std::uint8_t(bytes[at]) == breakByte;
}

qsizetype behind(QByteArrayView bytes, qsizetype at);

/// The end of an item without a length, behind its head. As deep as the item is nested.
qsizetype behindEndless(QByteArrayView bytes, qsizetype at) // NOLINT(misc-no-recursion)
{
    while (!isBreak(bytes, at))
        at = behind(bytes, at);
    return std::min(at + 1, bytes.size());
}

/// The end of the item that begins at \a at.
qsizetype behind(QByteArrayView bytes, qsizetype at) // NOLINT(misc-no-recursion)
{
    for (std::uint64_t left = 1; left > 0 && at < bytes.size(); --left) {
        const Head head = readHead(bytes, at);
        if (head.info == endless)
            at = behindEndless(bytes, at);
        else if (head.major == byteString || head.major == textString)
            at += qsizetype(std::min(head.count, std::uint64_t(bytes.size() - at)));
        else if (head.major == list)
            left += head.count;
        else if (head.major == map)
            left += 2 * head.count;
    }
    return at;
}

/// A head as it is written.
struct WrittenHead
{
    std::array<char, 9> bytes;
    int size = 0;
    [[nodiscard]] QByteArrayView view() const { return {bytes.data(), size}; }
};

WrittenHead writeHead(Major major, std::uint64_t count)
{
    WrittenHead head;
    const auto kind = std::uint8_t(major << 5);
    if (count < 24) {
        head.bytes[0] = char(kind | count);
        head.size = 1;
        return head;
    }
    int size = 0; // its logarithm
    while (size < 3 && count >> (8 << size) != 0)
        ++size;
    head.bytes[0] = char(kind | (24 + size));
    head.size = 1;
    for (int shift = 8 * ((1 << size) - 1); shift >= 0; shift -= 8)
        head.bytes[std::size_t(head.size++)] = char(count >> shift);
    return head;
}

} // namespace

MapWriter::MapWriter(qsizetype bytesExpected)
    : m_bytes(std::max(bytesExpected, qsizetype(1)), Qt::Uninitialized), m_size(1) // the head
{}

void MapWriter::append(QByteArrayView item)
{
    if (m_bytes.size() - m_size < item.size())
        m_bytes.resize(std::max(2 * m_bytes.size(), m_size + item.size()));
    std::copy(item.begin(), item.end(), m_bytes.data() + m_size);
    m_size += item.size();
}

void MapWriter::put(char byte) { append(QByteArrayView(&byte, 1)); }

void MapWriter::key(QByteArrayView name)
{
    ++m_count;
    append(writeHead(textString, std::uint64_t(name.size())).view());
    append(name);
}

void MapWriter::number(QByteArrayView name, std::int64_t value)
{
    key(name);
    if (value < 0)
        append(writeHead(negative, ~std::uint64_t(value)).view());
    else
        append(writeHead(natural, std::uint64_t(value)).view());
}

void MapWriter::flag(QByteArrayView name, bool value)
{
    key(name);
    put(value ? '\xF5' : '\xF4');
}

void MapWriter::text(QByteArrayView name, QByteArrayView utf8)
{
    key(name);
    append(writeHead(textString, std::uint64_t(utf8.size())).view());
    append(utf8);
}

void MapWriter::bytes(QByteArrayView name, QByteArrayView value)
{
    key(name);
    append(writeHead(byteString, std::uint64_t(value.size())).view());
    append(value);
}

void MapWriter::item(QByteArrayView name, QByteArrayView item)
{
    key(name);
    append(item);
}

void MapWriter::array(QByteArrayView name, std::size_t count)
{
    key(name);
    append(writeHead(list, count).view());
}

void MapWriter::map(QByteArrayView name, int count)
{
    key(name);
    append(writeHead(Major::map, std::uint64_t(count)).view());
    m_count -= count;
}

QByteArray MapWriter::take()
{
    COFFER_CHECK(m_count >= 0 && m_count < 24,
                 "a map of more members than its head can count, or fewer than it promised");
    m_bytes.data()[0] = char(Major::map << 5 | m_count);
    m_bytes.truncate(m_size);
    return std::move(m_bytes);
}

QByteArray arrayHead(std::size_t count) { return writeHead(list, count).view().toByteArray(); }

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
