// SPDX-License-Identifier: Apache-2.0
#include "support/history.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace coffer::test {

using Kind = Operation::Kind;
using Mode = Operation::Mode;
using Outcome = Operation::Outcome;

namespace {

template<class Enum>
struct Word
{
    const char *text;
    Enum value;
};
template<class Enum> // Before clang 17 an aggregate has no guide of its own.
Word(const char *, Enum)->Word<Enum>;

constexpr std::array kindWords{Word{"put", Kind::put}, Word{"cas", Kind::cas},
                               Word{"del", Kind::del}, Word{"get", Kind::get}};
constexpr std::array modeWords{Word{"linearizable", Mode::linearizable},
                               Word{"session", Mode::session}, Word{"local", Mode::local}};

/// Words that stand where a value could stand; as values they are written with an escape.
constexpr std::array<QByteArrayView, 6> reservedWords{"absent", "ok",      "mismatch",
                                                      "fail",   "unknown", "->"};

template<class Enum, std::size_t size>
std::optional<Enum> fromWord(QByteArrayView token, const std::array<Word<Enum>, size> &words)
{
    for (const Word<Enum> &word : words) {
        if (token == word.text)
            return word.value;
    }
    return std::nullopt;
}

template<class Enum, std::size_t size>
QByteArray toWord(Enum value, const std::array<Word<Enum>, size> &words)
{
    for (const Word<Enum> &word : words) {
        if (value == word.value)
            return word.text;
    }
    return {};
}

bool isReserved(QByteArrayView token)
{
    return std::find(reservedWords.begin(), reservedWords.end(), token) != reservedWords.end();
}

bool isPlain(char c) { return c > ' ' && c <= '~' && c != '%' && c != '#' && c != '"'; }

QByteArray encode(QByteArrayView bytes)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    if (bytes.isEmpty())
        return "\"\"";
    QByteArray token;
    for (qsizetype i = 0; i < bytes.size(); ++i) {
        const char c = bytes[i];
        if (isPlain(c) && !(i == 0 && isReserved(bytes))) {
            token += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        token += '%';
        token += digits[byte >> 4];
        token += digits[byte & 15];
    }
    return token;
}

std::optional<int> hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return std::nullopt;
}

/// The bytes that \a token stands for, or nothing if it is not a legal token for bytes.
std::optional<QByteArray> decode(QByteArrayView token)
{
    if (token == "\"\"")
        return QByteArray("");
    if (isReserved(token))
        return std::nullopt;
    QByteArray bytes;
    for (qsizetype i = 0; i < token.size(); ++i) {
        if (isPlain(token[i])) {
            bytes += token[i];
            continue;
        }
        if (token[i] != '%' || i + 2 >= token.size())
            return std::nullopt;
        const std::optional<int> high = hexDigit(token[i + 1]);
        const std::optional<int> low = hexDigit(token[i + 2]);
        if (!high || !low)
            return std::nullopt;
        bytes += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return bytes;
}

/// A decimal number without sign and without leading zeros, at most History::numberMax.
std::optional<std::uint64_t> toNumber(QByteArrayView token)
{
    if (token.isEmpty() || token.size() > 19 || (token.size() > 1 && token[0] == '0'))
        return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : token) {
        if (c < '0' || c > '9')
            return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number <= History::numberMax ? std::optional(number) : std::nullopt;
}

Error errorAt(int line, const QString &sentence)
{
    return {ErrorCode::invalid, QStringLiteral("line %1").arg(line) + sentence};
}

/// Reads one line. The first thing that is wrong is kept, and everything after it is skipped.
class LineParser
{
public:
    LineParser(QByteArrayView line, int number) : m_number(number) { split(line); }

    [[nodiscard]] bool isBlank() const { return m_tokens.empty() && !m_error; }
    [[nodiscard]] Result<Operation> parse();

private:
    void split(QByteArrayView line);
    void refuse(const QString &expected, std::size_t field);
    [[nodiscard]] QByteArrayView take();
    QByteArray takeBytes(const QString &what, qsizetype bytesMax, bool isEmptyAllowed);
    std::optional<QByteArray> takeMaybeValue(const QString &what);
    void takeTimes();
    void takeRequest();
    void takeResult();
    void takeRevision();
    [[nodiscard]] QString expectedResults() const;

    int m_number;
    std::vector<QByteArrayView> m_tokens;
    std::size_t m_next = 0;
    Operation m_operation;
    std::optional<Error> m_error;
};

void LineParser::split(QByteArrayView line)
{
    qsizetype i = 0;
    while (i < line.size()) {
        if (line[i] == '#')
            return;
        qsizetype end = i;
        while (end < line.size() && line[end] != ' ' && line[end] != '\t')
            ++end;
        const QByteArrayView token = line.sliced(i, end - i);
        i = end + 1;
        if (token.isEmpty())
            continue;
        m_tokens.push_back(token);
        const bool isText =
            std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
        if (!isText)
            refuse(QStringLiteral("printable ASCII (other bytes are written as %XX)"),
                   m_tokens.size());
    }
}

void LineParser::refuse(const QString &expected, std::size_t field)
{
    if (m_error)
        return;
    QString found = QStringLiteral("the end of the line");
    if (field <= m_tokens.size()) {
        QByteArray shown = m_tokens[field - 1]
                               .first(std::min(m_tokens[field - 1].size(), qsizetype(40)))
                               .toByteArray();
        for (char &c : shown)
            c = c > ' ' && c <= '~' ? c : '?';
        found = QStringLiteral("\"%1\"").arg(QString::fromLatin1(shown));
    }
    m_error = errorAt(m_number, QStringLiteral(", field %1: expected %2, found %3")
                                    .arg(QString::number(field), expected, found));
}

/// The next token; an empty one, which nothing accepts, at the end of the line.
QByteArrayView LineParser::take()
{
    const std::size_t index = m_next++;
    return index < m_tokens.size() ? m_tokens[index] : QByteArrayView();
}

QByteArray LineParser::takeBytes(const QString &what, qsizetype bytesMax, bool isEmptyAllowed)
{
    const QByteArrayView token = take();
    const std::optional<QByteArray> bytes = token.isEmpty() ? std::nullopt : decode(token);
    if (bytes && bytes->size() <= bytesMax && (isEmptyAllowed || !bytes->isEmpty()))
        return *bytes;
    const QString limit = QStringLiteral("%1 of %2 to %3 bytes").arg(what);
    refuse(limit.arg(isEmptyAllowed ? 0 : 1).arg(bytesMax), m_next);
    return {};
}

std::optional<QByteArray> LineParser::takeMaybeValue(const QString &what)
{
    if (m_next < m_tokens.size() && m_tokens[m_next] == "absent") {
        ++m_next;
        return std::nullopt;
    }
    return takeBytes(what + QStringLiteral(", which is absent or a value"), History::valueBytesMax,
                     true);
}

void LineParser::takeTimes()
{
    const std::optional<std::uint64_t> called = toNumber(take());
    if (!called)
        refuse(QStringLiteral("the call time, a decimal number below 2^63"), m_next);
    m_operation.called = called.value_or(0);
    const QByteArrayView token = take();
    if (token == "-" || token == "inf")
        return;
    m_operation.returned = toNumber(token);
    if (!m_operation.returned)
        refuse(QStringLiteral("the return time, a decimal number below 2^63, - or inf"), m_next);
    else if (*m_operation.returned < m_operation.called)
        refuse(QStringLiteral("a return time not before the call time"), m_next);
}

void LineParser::takeRequest()
{
    const std::optional<Kind> kind = fromWord(take(), kindWords);
    if (!kind)
        refuse(QStringLiteral("put, cas, del or get"), m_next);
    m_operation.kind = kind.value_or(Kind::get);
    m_operation.key = takeBytes(QStringLiteral("a key"), History::keyBytesMax, false);
    if (m_operation.kind == Kind::put) {
        m_operation.newValue = takeBytes(QStringLiteral("a value"), History::valueBytesMax, true);
    } else if (m_operation.kind == Kind::cas) {
        m_operation.expected = takeMaybeValue(QStringLiteral("the expected value"));
        m_operation.newValue = takeMaybeValue(QStringLiteral("the new value"));
    }
    QByteArrayView token = take();
    if (m_operation.kind == Kind::get && token != "->") {
        const std::optional<Mode> mode = fromWord(token, modeWords);
        if (!mode)
            refuse(QStringLiteral("linearizable, session, local or ->"), m_next);
        m_operation.mode = mode.value_or(Mode::linearizable);
        token = take();
    }
    if (token != "->")
        refuse(QStringLiteral("->"), m_next);
}

QString LineParser::expectedResults() const
{
    switch (m_operation.kind) {
    case Kind::put: return QStringLiteral("ok, fail or unknown");
    case Kind::cas: return QStringLiteral("ok, mismatch, fail or unknown");
    case Kind::del: return QStringLiteral("ok, absent, fail or unknown");
    case Kind::get: break;
    }
    return QStringLiteral("a value, absent, fail or unknown");
}

void LineParser::takeResult()
{
    const QByteArrayView token = take();
    const Kind kind = m_operation.kind;
    if (token == "unknown") {
        m_operation.outcome = Outcome::unknown;
    } else if (token == "fail") {
        m_operation.outcome = Outcome::failed;
    } else if (kind == Kind::get) {
        m_operation.outcome = Outcome::ok;
        --m_next;
        m_operation.seen = takeMaybeValue(QStringLiteral("the result"));
    } else if (token == "ok") {
        m_operation.outcome = Outcome::ok;
    } else if (kind == Kind::cas && token == "mismatch") {
        m_operation.outcome = Outcome::mismatch;
    } else if (kind == Kind::del && token == "absent") {
        m_operation.outcome = Outcome::absent;
    } else {
        refuse(expectedResults(), m_next);
    }
    if (!m_operation.returned && m_operation.outcome != Outcome::unknown)
        refuse(QStringLiteral("unknown, as the operation has no return time"), m_next);
    takeRevision();
}

void LineParser::takeRevision()
{
    if (m_next >= m_tokens.size())
        return;
    const QByteArrayView token = take();
    const Outcome outcome = m_operation.outcome;
    if (outcome == Outcome::unknown || outcome == Outcome::failed) {
        refuse(QStringLiteral("the end of the line"), m_next);
        return;
    }
    if (token.startsWith("rev="))
        m_operation.revision = toNumber(token.sliced(4));
    if (!m_operation.revision)
        refuse(QStringLiteral("rev= and a decimal number below 2^63"), m_next);
    else if (m_operation.isDone() && *m_operation.revision == 0)
        refuse(QStringLiteral("the revision of a write, which is at least 1"), m_next);
    if (m_next < m_tokens.size())
        refuse(QStringLiteral("the end of the line"), m_next + 1);
}

Result<Operation> LineParser::parse()
{
    m_operation.line = m_number;
    m_operation.process = takeBytes(QStringLiteral("a process"), History::processBytesMax, false);
    takeTimes();
    takeRequest();
    takeResult();
    if (m_error)
        return *m_error;
    return m_operation;
}

QByteArray resultText(const Operation &operation)
{
    QByteArray text;
    switch (operation.outcome) {
    case Outcome::ok: text = operation.isWrite() ? "ok" : valueText(operation.seen); break;
    case Outcome::mismatch: text = "mismatch"; break;
    case Outcome::absent: text = "absent"; break;
    case Outcome::failed: text = "fail"; break;
    case Outcome::unknown: text = "unknown"; break;
    }
    if (operation.revision)
        text += " rev=" + QByteArray::number(static_cast<qulonglong>(*operation.revision));
    return text;
}

} // namespace

QByteArray valueText(const std::optional<QByteArray> &value)
{
    return value ? encode(*value) : QByteArray("absent");
}

QByteArray Operation::toText() const
{
    QByteArray text = encode(process);
    text += ' ' + QByteArray::number(static_cast<qulonglong>(called)) + ' ';
    text += returned ? QByteArray::number(static_cast<qulonglong>(*returned)) : QByteArray("-");
    text += ' ' + toWord(kind, kindWords) + ' ' + encode(key);
    if (kind == Kind::cas)
        text += ' ' + valueText(expected);
    if (kind == Kind::cas || kind == Kind::put)
        text += ' ' + valueText(newValue);
    if (kind == Kind::get && mode != Mode::linearizable)
        text += ' ' + toWord(mode, modeWords);
    return text + " -> " + resultText(*this);
}

std::optional<QString> Operation::problem() const
{
    // The parser is the one place that knows the rules; what it reads back must be this operation.
    const Result<History> parsed = History::parse(toText());
    if (!parsed)
        return parsed.error().message;
    if (parsed->operations().size() != 1)
        return QStringLiteral("an operation is exactly one line");
    const Operation &same = parsed->operations().front();
    const auto fields = [](const Operation &o) {
        return std::tie(o.process, o.called, o.returned, o.kind, o.mode, o.key, o.expected,
                        o.newValue, o.outcome, o.seen, o.revision);
    };
    if (fields(same) != fields(*this))
        return QStringLiteral("a field is set that \"%1\" cannot say")
            .arg(QString::fromLatin1(toText()));
    return std::nullopt;
}

Result<History> History::parse(QByteArrayView text)
{
    if (text.size() > textBytesMax)
        return Error{ErrorCode::invalid,
                     QStringLiteral("expected at most %1 bytes of history, found %2")
                         .arg(textBytesMax)
                         .arg(text.size())};
    History history;
    int number = 0;
    for (qsizetype start = 0; start < text.size();) {
        qsizetype end = text.indexOf('\n', start);
        end = end < 0 ? text.size() : end;
        const QByteArrayView line = text.sliced(start, end - start);
        start = end + 1;
        ++number;
        if (line.size() > lineBytesMax)
            return errorAt(number, QStringLiteral(": expected at most %1 bytes, found %2")
                                       .arg(lineBytesMax)
                                       .arg(line.size()));
        LineParser parser(line, number);
        if (parser.isBlank())
            continue;
        Result<Operation> operation = parser.parse();
        if (!operation)
            return operation.error();
        if (history.m_operations.size() == operationsMax)
            return errorAt(number,
                           QStringLiteral(": expected at most %1 operations").arg(operationsMax));
        history.m_operations.push_back(std::move(*operation));
    }
    return history;
}

void History::append(Operation operation)
{
    COFFER_CHECK(!operation.problem(), "an operation of a history breaks a rule of its format");
    m_operations.push_back(std::move(operation));
}

QByteArray History::toText() const
{
    QByteArray text;
    for (const Operation &operation : m_operations)
        text += operation.toText() + '\n';
    return text;
}

QString History::describe(std::size_t index) const
{
    const Operation &operation = m_operations[index];
    const QString place = operation.line > 0 ? QStringLiteral("line %1").arg(operation.line)
                                             : QStringLiteral("operation %1").arg(index + 1);
    return place + QStringLiteral(": ") + QString::fromLatin1(operation.toText());
}

} // namespace coffer::test
