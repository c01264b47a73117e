// SPDX-License-Identifier: Apache-2.0
#include "rpc/json.h"

#include "rpc/limits.h"

#include <QCborArray>
#include <QCborMap>
#include <QJsonArray>
#include <QJsonObject>
#include <QStringDecoder>
#include <QUtf8StringView>

#include <array>
#include <limits>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

std::optional<QString> asText(const QByteArray &bytes)
{
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    QString text = decoder(bytes);
    return decoder.hasError() ? std::nullopt : std::optional(std::move(text));
}

QString base64(const QByteArray &bytes) { return QString::fromLatin1(bytes.toBase64()); }

QJsonObject mapToJson(const QCborMap &map)
{
    QJsonObject object;
    for (const auto &[key, value] : map) {
        const QString name = key.toString();
        if (!value.isByteArray()) {
            object.insert(name, toJson(value));
            continue;
        }
        const QByteArray bytes = value.toByteArray();
        if (const auto text = asText(bytes))
            object.insert(name, *text);
        else
            object.insert(name + "Base64"_L1, base64(bytes));
    }
    return object;
}

QString tooDeep()
{
    return u"more than %1 lists and maps within each other"_s.arg(limits::messageDepthMax);
}

QString tooMany() { return u"more than %1 values in one message"_s.arg(limits::messageItemsMax); }

/// Walks over CBOR (RFC 8949) without taking any of it.
class CborScan
{
public:
    explicit CborScan(QByteArrayView input) : m_bytes(input) {}

    std::optional<QString> run();

private:
    struct Level
    {
        quint64 left; ///< Items to come; endless: until a break.
        bool isEndless;
        bool isMap;
        quint64 count;
    };
    enum MajorType { natural, negative, bytes, text, array, map, tag, simple };
    /// What is wrong: texts are made once, at the end.
    enum class Fault {
        none,
        cutShort,
        strayBreak,
        badHead,
        badSimple,
        tag,
        tooDeep,
        tooMany,
        pieces,
        notUtf8
    };

    [[nodiscard]] static QString textOf(Fault fault);
    Fault item();
    Fault open(int major, quint64 count, bool isEndless);
    Fault skip(int major, quint64 count, bool isEndless);
    Fault step(int major, quint64 count);
    bool readCount(int info, quint64 &count);
    bool closeFinished();

    QByteArrayView m_bytes;
    qsizetype m_at = 0;
    int m_depth = 0;
    int m_items = 0;
    bool m_isDone = false;
    std::array<Level, limits::messageDepthMax> m_levels{};
};

QString CborScan::textOf(Fault fault)
{
    switch (fault) {
    case Fault::none: break;
    case Fault::cutShort: return u"the bytes end in the middle of a value"_s;
    case Fault::strayBreak: return u"a break where nothing was begun"_s;
    case Fault::badHead: return u"a head that CBOR has not"_s;
    case Fault::badSimple: return u"a simple value that has no meaning here"_s;
    case Fault::tag: return u"a tag; none are used here"_s;
    case Fault::tooDeep: return tooDeep();
    case Fault::tooMany: return tooMany();
    case Fault::pieces: return u"a string in pieces that do not fit"_s;
    case Fault::notUtf8: return u"a text that is not UTF-8"_s;
    }
    return {};
}

std::optional<QString> CborScan::run()
{
    while (!m_isDone) {
        if (const Fault why = item(); why != Fault::none)
            return textOf(why);
    }
    if (m_at != m_bytes.size())
        return u"%1 bytes behind the end of the value"_s.arg(m_bytes.size() - m_at);
    return {};
}

bool CborScan::readCount(int info, quint64 &count)
{
    if (info < 24) {
        count = quint64(info);
        return true;
    }
    const int size = 1 << (info - 24);
    if (info > 27 || m_bytes.size() - m_at < size)
        return false;
    count = 0;
    for (int i = 0; i < size; ++i)
        count = count << 8 | quint8(m_bytes[m_at++]);
    return true;
}

CborScan::Fault CborScan::item()
{
    if (m_at >= m_bytes.size())
        return Fault::cutShort;
    const quint8 head = quint8(m_bytes[m_at++]);
    const int major = head >> 5;
    const int info = head & 31;
    if (head == 0xFF) {
        const Level *level = m_depth > 0 ? &m_levels[std::size_t(m_depth - 1)] : nullptr;
        if (!level || !level->isEndless || (level->isMap && level->count % 2 != 0))
            return Fault::strayBreak;
        --m_depth;
        m_isDone = closeFinished();
        return Fault::none;
    }
    if (++m_items > limits::messageItemsMax)
        return Fault::tooMany;
    quint64 count = 0;
    const bool isEndless = info == 31 && (major >= bytes && major <= map);
    if (!isEndless && !readCount(info, count))
        return info > 27 ? Fault::badHead : Fault::cutShort;
    if (major == simple && (info < 20 || info == 24))
        return Fault::badSimple;
    if (major == tag)
        return Fault::tag;
    if (m_depth > 0)
        ++m_levels[std::size_t(m_depth - 1)].count;
    if (major == array || major == map)
        return open(major, count, isEndless);
    if (major == bytes || major == text) {
        if (const Fault why = skip(major, count, isEndless); why != Fault::none)
            return why;
    }
    m_isDone = closeFinished();
    return Fault::none;
}

CborScan::Fault CborScan::open(int major, quint64 count, bool isEndless)
{
    if (m_depth == limits::messageDepthMax)
        return Fault::tooDeep;
    if (count > quint64(limits::messageItemsMax))
        return Fault::tooMany;
    m_levels[std::size_t(m_depth++)] = {.left = major == map ? 2 * count : count,
                                        .isEndless = isEndless,
                                        .isMap = major == map,
                                        .count = 0};
    m_isDone = closeFinished();
    return Fault::none;
}

/// Steps over \a count bytes of a string.
CborScan::Fault CborScan::step(int major, quint64 count)
{
    if (count > quint64(m_bytes.size() - m_at))
        return Fault::cutShort;
    // QCborValue of Qt 6.4 falls over a text that is none.
    const QByteArrayView piece = m_bytes.sliced(m_at, qsizetype(count));
    if (major == text && !QUtf8StringView(piece.data(), piece.size()).isValidUtf8())
        return Fault::notUtf8;
    m_at += qsizetype(count);
    return Fault::none;
}

/// Steps over a string, in one piece or in chunks of its own type.
CborScan::Fault CborScan::skip(int major, quint64 count, bool isEndless)
{
    while (isEndless) {
        if (m_at >= m_bytes.size())
            return Fault::cutShort;
        const quint8 head = quint8(m_bytes[m_at++]);
        if (head == 0xFF)
            return Fault::none;
        if (++m_items > limits::messageItemsMax)
            return Fault::tooMany;
        if (head >> 5 != major || (head & 31) > 27 || !readCount(head & 31, count))
            return Fault::pieces;
        if (const Fault why = step(major, count); why != Fault::none)
            return why;
    }
    return step(major, count);
}

/// Closes what has all its items. True when that was the outermost one.
bool CborScan::closeFinished()
{
    while (m_depth > 0) {
        const Level &level = m_levels[std::size_t(m_depth - 1)];
        if (level.isEndless || level.count < level.left)
            return false;
        --m_depth;
    }
    return true;
}

} // namespace

QJsonValue toJson(const QCborValue &value)
{
    switch (value.type()) {
    case QCborValue::Integer: return value.toInteger();
    case QCborValue::Double: return value.toDouble();
    case QCborValue::True: return true;
    case QCborValue::False: return false;
    case QCborValue::String: return value.toString();
    case QCborValue::Map: return mapToJson(value.toMap());
    case QCborValue::ByteArray: {
        const QByteArray bytes = value.toByteArray();
        if (const auto text = asText(bytes))
            return *text;
        return QJsonObject{{u"base64"_s, base64(bytes)}};
    }
    case QCborValue::Array: {
        QJsonArray array;
        const QCborArray items = value.toArray();
        for (const QCborValue item : items)
            array.append(toJson(item));
        return array;
    }
    default: return QJsonValue::Null;
    }
}

std::optional<QString> refuteJsonSize(QByteArrayView json)
{
    int depth = 0;
    int items = 1;
    bool isText = false;
    for (qsizetype i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (isText) {
            i += c == '\\' ? 1 : 0;
            isText = c != '"';
            continue;
        }
        isText = c == '"';
        depth += c == '[' || c == '{' ? 1 : 0;
        depth -= c == ']' || c == '}' ? 1 : 0;
        items += c == ',' || c == '[' || c == '{' || c == ':' ? 1 : 0;
        if (depth > limits::messageDepthMax)
            return tooDeep();
        if (items > limits::messageItemsMax)
            return tooMany();
    }
    return {};
}

std::optional<QString> refuteCbor(QByteArrayView cbor) { return CborScan(cbor).run(); }

} // namespace coffer::rpc
