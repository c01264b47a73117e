// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include "config/json_text_p.h"
#include "config/limits.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <span>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

constexpr std::array types{
    std::pair{Type::string, "string"},     std::pair{Type::integer, "int"},
    std::pair{Type::floating, "float"},    std::pair{Type::boolean, "bool"},
    std::pair{Type::duration, "duration"}, std::pair{Type::size, "size"},
    std::pair{Type::enumeration, "enum"},  std::pair{Type::list, "list"},
    std::pair{Type::json, "json"},
};

/// Readers of UTF-8 swallow it, so it would not come back.
constexpr QByteArrayView byteOrderMark("\xEF\xBB\xBF");

Error wrong(const QByteArray &text, const QString &expected)
{
    constexpr qsizetype shownBytesMax = 80;
    QString shown = QString::fromUtf8(text.first(std::min(text.size(), shownBytesMax)));
    if (text.size() > shownBytesMax)
        shown += u"..."_s;
    return {ErrorCode::invalid, u"'%1': expected %2"_s.arg(shown, expected)};
}

Result<QByteArray> parseInteger(const QByteArray &text)
{
    const QByteArray trimmed = text.trimmed();
    std::int64_t number = 0;
    const char *end = trimmed.constData() + trimmed.size();
    const auto [at, fault] = std::from_chars(trimmed.constData(), end, number);
    const QByteArray canonical = QByteArray::number(qlonglong(number));
    if (fault == std::errc::result_out_of_range)
        return wrong(text, u"a whole number of 64 bits"_s);
    if (fault != std::errc() || at != end || (canonical != trimmed && trimmed != "-0"))
        return wrong(text, u"a whole decimal number such as 8080, without leading zeros"_s);
    return canonical;
}

Result<QByteArray> parseFloating(const QByteArray &text)
{
    const QByteArray trimmed = text.trimmed();
    double number = 0;
    const char *end = trimmed.constData() + trimmed.size();
    const auto [at, fault] = std::from_chars(trimmed.constData(), end, number);
    if (fault != std::errc() || at != end || !std::isfinite(number))
        return wrong(text, u"a finite number such as 0.75 or 1e-3"_s);
    if (number == 0)
        return QByteArray("0.0");
    const double magnitude = std::fabs(number);
    const bool isPlain = magnitude >= 1e-5 && magnitude < 1e15;
    std::array<char, 64> buffer{};
    const auto written =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                      isPlain ? std::chars_format::fixed : std::chars_format::scientific);
    QByteArray canonical(buffer.data(), qsizetype(written.ptr - buffer.data()));
    if (!canonical.contains('.')) {
        const qsizetype exponent = canonical.indexOf('e');
        canonical.insert(exponent < 0 ? canonical.size() : exponent, ".0");
    }
    return canonical;
}

Result<QByteArray> parseBoolean(const QByteArray &text)
{
    const QByteArray word = text.trimmed();
    for (const char *yes : {"true", "yes", "1", "y", "enable"}) {
        if (word == yes)
            return QByteArray("true");
    }
    for (const char *no : {"false", "no", "0", "n", "disable"}) {
        if (word == no)
            return QByteArray("false");
    }
    return wrong(text, u"one of true yes 1 y enable, false no 0 n disable"_s);
}

struct Unit
{
    const char *name;
    std::int64_t factor;
};

/// A decimal number and what stands behind it.
struct Quantity
{
    bool isNegative = false;
    QByteArray whole;
    QByteArray fraction; ///< Without zeros at the end.
    QByteArray unit;
};

std::optional<Quantity> splitQuantity(const QByteArray &text)
{
    const auto digitsAt = [&text](qsizetype at) {
        qsizetype end = at;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9')
            ++end;
        return text.sliced(at, end - at);
    };
    Quantity quantity;
    quantity.isNegative = text.startsWith('-');
    qsizetype at = quantity.isNegative ? 1 : 0;
    quantity.whole = digitsAt(at);
    at += quantity.whole.size();
    if (quantity.whole.isEmpty())
        return std::nullopt;
    if (at < text.size() && text[at] == '.') {
        quantity.fraction = digitsAt(at + 1);
        at += 1 + quantity.fraction.size();
        if (quantity.fraction.isEmpty())
            return std::nullopt;
        while (quantity.fraction.endsWith('0'))
            quantity.fraction.chop(1);
    }
    quantity.unit = text.sliced(at);
    return quantity;
}

/// The quantity in the smallest unit; nothing if that is no whole number or does not fit.
std::optional<std::int64_t> inSmallest(const Quantity &quantity, std::int64_t factor)
{
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr qsizetype fractionDigitsMax = 18; // so that the product below fits 128 bits
    bool isRead = false;
    const std::int64_t whole = quantity.whole.toLongLong(&isRead);
    if (!isRead || whole > most / factor || quantity.fraction.size() > fractionDigitsMax)
        return std::nullopt;
    std::int64_t tens = 1;
    for (qsizetype digit = 0; digit < quantity.fraction.size(); ++digit)
        tens *= 10;
    const auto product = static_cast<__int128>(quantity.fraction.toLongLong()) * factor;
    const auto part = static_cast<std::int64_t>(product / tens);
    if (product % tens != 0 || whole * factor > most - part)
        return std::nullopt;
    const std::int64_t number = whole * factor + part;
    return quantity.isNegative ? -number : number;
}

/// In the largest of \a units, which fall, that divides; zero in \a zero.
QByteArray inLargest(std::int64_t number, std::span<const Unit> units, const char *zero)
{
    if (number == 0)
        return zero;
    const auto unit = std::find_if(units.begin(), units.end(), [number](const Unit &candidate) {
        return number % candidate.factor == 0;
    });
    return QByteArray::number(qlonglong(number / unit->factor)) + unit->name;
}

Result<QByteArray> parseDuration(const QByteArray &text)
{
    static constexpr std::array units{
        Unit{"h", 3'600'000'000'000},    Unit{"m", 60'000'000'000},   Unit{"s", 1'000'000'000},
        Unit{"ms", 1'000'000},           Unit{"us", 1'000},           Unit{"ns", 1},
        Unit{"hour", 3'600'000'000'000}, Unit{"min", 60'000'000'000}, Unit{"sec", 1'000'000'000}};
    const std::optional<Quantity> quantity = splitQuantity(text.trimmed());
    if (!quantity)
        return wrong(text, u"a number and one of ns us ms s m h, such as 1500ms"_s);
    if (quantity->unit.isEmpty())
        return wrong(text,
                     u"a unit behind the number, one of ns us ms s m h; other programs take "
                     "a bare number for nanoseconds, so write what is meant, such as %1ms"_s.arg(
                         QLatin1String(quantity->whole.left(20))));
    for (const Unit &unit : units) {
        if (quantity->unit != unit.name)
            continue;
        if (const auto number = inSmallest(*quantity, unit.factor))
            return inLargest(*number, units, "0s");
        return wrong(text, u"whole nanoseconds, and at most 292 years"_s);
    }
    return wrong(text, u"one of ns us ms s m h behind the number"_s);
}

Result<QByteArray> parseSize(const QByteArray &text)
{
    static constexpr std::array units{
        Unit{"gb", std::int64_t(1) << 30}, Unit{"mb", std::int64_t(1) << 20},
        Unit{"kb", std::int64_t(1) << 10}, Unit{"b", 1},
        Unit{"g", std::int64_t(1) << 30},  Unit{"m", std::int64_t(1) << 20},
        Unit{"k", std::int64_t(1) << 10},  Unit{"", 1}};
    const std::optional<Quantity> quantity = splitQuantity(text.trimmed().toLower());
    if (!quantity || quantity->isNegative)
        return wrong(text, u"a number and one of b k kb m mb g gb, such as 64mb"_s);
    for (const Unit &unit : units) {
        if (quantity->unit != unit.name)
            continue;
        if (const auto number = inSmallest(*quantity, unit.factor))
            return inLargest(*number, units, "0b");
        return wrong(text, u"whole bytes, less than 2^63"_s);
    }
    return wrong(text, u"one of b k kb m mb g gb behind the number"_s);
}

Result<void> checkChoices(const std::vector<QByteArray> &choices)
{
    const auto isWord = [](const QByteArray &word) {
        return !word.isEmpty() && std::size_t(word.size()) <= limits::nameBytesMax
               && word.isValidUtf8() && !word.startsWith(byteOrderMark);
    };
    if (choices.empty() || choices.size() > limits::choicesMax
        || !std::all_of(choices.begin(), choices.end(), isWord))
        return Error{ErrorCode::invalid,
                     u"choices: expected 1 to %1 words of 1 to %2 bytes for an enum"_s
                         .arg(limits::choicesMax)
                         .arg(limits::nameBytesMax)};
    if (std::set(choices.begin(), choices.end()).size() != choices.size())
        return Error{ErrorCode::invalid, u"choices: a word is there twice"_s};
    return {};
}

Result<QByteArray> parseEnumeration(const QByteArray &text, const std::vector<QByteArray> &choices)
{
    if (const Result<void> checked = checkChoices(choices); !checked)
        return checked.error();
    if (std::find(choices.begin(), choices.end(), text) != choices.end())
        return text;
    return wrong(text,
                 u"one of "_s
                     + QString::fromUtf8(
                         QByteArrayList(choices.begin(), choices.end()).join(' ').left(1000)));
}

QJsonArray arrayOf(const QByteArray &json) { return QJsonDocument::fromJson(json).array(); }

Result<QByteArray> compactOf(const QJsonArray &array)
{
    return compactJson(QJsonDocument(array).toJson(QJsonDocument::Compact));
}

Result<QByteArray> parseList(const QByteArray &text)
{
    const QByteArray trimmed = text.trimmed();
    QJsonArray joined;
    if (!trimmed.startsWith('[') && !text.isEmpty()) {
        for (const QByteArray &part : text.split(','))
            joined.append(QString::fromUtf8(part));
    }
    Result<QByteArray> compact = trimmed.startsWith('[') ? compactJson(trimmed) : compactOf(joined);
    if (!compact)
        return wrong(text, u"a JSON array of strings, or texts joined by commas: %1"_s.arg(
                               compact.error().message));
    const QJsonArray array = arrayOf(*compact);
    if (!std::all_of(array.begin(), array.end(), [](const auto &part) { return part.isString(); }))
        return wrong(text, u"an array of nothing but strings"_s);
    const Result<QByteArray> again = compactOf(array);
    if (!again || *again != *compact)
        return wrong(text, u"parts that do not begin with a byte order mark"_s);
    return compact;
}

Result<QByteArray> canonicalText(Type type, const QByteArray &text,
                                 const std::vector<QByteArray> &choices)
{
    switch (type) {
    case Type::string: return text;
    case Type::integer: return parseInteger(text);
    case Type::floating: return parseFloating(text);
    case Type::boolean: return parseBoolean(text);
    case Type::duration: return parseDuration(text);
    case Type::size: return parseSize(text);
    case Type::enumeration: return parseEnumeration(text, choices);
    case Type::list: return parseList(text);
    case Type::json: {
        Result<QByteArray> compact = compactJson(text);
        if (!compact)
            return wrong(text, u"JSON: "_s + compact.error().message);
        return compact;
    }
    }
    return Error{ErrorCode::invalid, u"a type that is not known"_s};
}

} // namespace

QByteArray nameOf(Type type)
{
    for (const auto &[known, name] : types) {
        if (known == type)
            return name;
    }
    return {};
}

Result<Type> typeNamed(QByteArrayView name)
{
    for (const auto &[type, known] : types) {
        if (name == QByteArrayView(known))
            return type;
    }
    return Error{
        ErrorCode::invalid,
        u"type '%1': expected string, int, float, bool, duration, size, enum, list or json"_s.arg(
            QString::fromUtf8(name.first(std::min<qsizetype>(name.size(), 80))))};
}

Result<Value> Value::parse(Type type, const QByteArray &text, std::vector<QByteArray> choices)
{
    if (std::size_t(text.size()) > limits::valueBytesMax)
        return wrong(text, u"at most %1 bytes; keep more in a file"_s.arg(limits::valueBytesMax));
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the value is no UTF-8; keep such bytes in a file"_s};
    if (text.startsWith(byteOrderMark))
        return Error{ErrorCode::invalid,
                     u"the value begins with a byte order mark: leave it out"_s};
    if (type != Type::enumeration && !choices.empty())
        return Error{ErrorCode::invalid,
                     u"choices: only an enum has them, not %1"_s.arg(QLatin1String(nameOf(type)))};
    Result<QByteArray> canonical = canonicalText(type, text, choices);
    if (!canonical)
        return canonical.error();
    if (std::size_t(canonical->size()) > limits::valueBytesMax)
        return wrong(text, u"at most %1 bytes as JSON"_s.arg(limits::valueBytesMax));
    return Value{type, std::move(*canonical), std::move(choices)};
}

std::vector<QByteArray> Value::parts() const
{
    std::vector<QByteArray> parts;
    if (type != Type::list)
        return parts;
    for (const auto &part : arrayOf(text))
        parts.push_back(part.toString().toUtf8());
    return parts;
}

} // namespace coffer::config
