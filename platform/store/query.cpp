// SPDX-License-Identifier: Apache-2.0
#include "store/query.h"

#include "store/bytes_p.h"
#include "store/format_p.h"
#include "store/glob.h"
#include "store/limits.h"
#include "store/path.h"

namespace coffer::store {

using format::QuestionKind;

namespace {

/// Writes the fields of a question, one overload for each.
class Encoder
{
public:
    Encoder() : m_writer(64) { m_writer.number(format::version); }

    void operator()(const Get &get) { pathAt(QuestionKind::get, get.path, get.at); }
    void operator()(const List &list)
    {
        pathAt(QuestionKind::list, list.path, list.at);
        page(list.page);
    }
    void operator()(const Range &range)
    {
        pathAt(QuestionKind::range, range.from, range.at);
        m_writer.counted<std::uint16_t>(range.to);
        page(range.page);
    }
    void operator()(const Match &match)
    {
        pathAt(QuestionKind::match, match.pattern, match.at);
        page(match.page);
    }
    void operator()(const Entries &entries)
    {
        pathAt(QuestionKind::entries, entries.path, entries.at);
        page(entries.page);
    }
    void operator()(const Stat &stat) { pathAt(QuestionKind::stat, stat.path, stat.at); }
    void operator()(const SessionState &state)
    {
        m_writer.number(std::uint8_t(QuestionKind::session));
        m_writer.number(state.session.value());
    }
    void operator()(const SessionList &list)
    {
        m_writer.number(std::uint8_t(QuestionKind::sessions));
        m_writer.number(list.after.value());
        m_writer.number(list.limit);
    }
    void operator()(const StoreState &) { m_writer.number(std::uint8_t(QuestionKind::store)); }

    [[nodiscard]] QByteArray take() { return m_writer.take(); }

private:
    void pathAt(QuestionKind kind, QByteArrayView path, Revision at)
    {
        m_writer.number(std::uint8_t(kind));
        m_writer.number(at.value());
        m_writer.counted<std::uint16_t>(path);
    }
    void page(const Page &page)
    {
        m_writer.counted<std::uint16_t>(page.after);
        m_writer.number(page.limit);
        m_writer.number(std::uint8_t(page.detail));
    }

    ByteWriter m_writer;
};

class Decoder
{
public:
    explicit Decoder(QByteArrayView bytes) : m_reader(bytes) {}

    [[nodiscard]] Question question();
    [[nodiscard]] bool isAtEnd() const { return m_reader.isAtEnd(); }
    /// What is wrong with the first path, place or pattern that is none; empty if all are right.
    [[nodiscard]] const QString &fault() const { return m_fault; }

private:
    [[nodiscard]] Revision revision() { return Revision(m_reader.number<std::uint64_t>()); }
    [[nodiscard]] QByteArrayView text()
    {
        return m_reader.counted<std::uint16_t>(limits::pathBytesMax + 1);
    }
    void require(bool holds, const QString &what = {})
    {
        if (!holds && m_reader.isGood())
            m_fault = what;
        if (!holds)
            m_reader.fail();
    }
    [[nodiscard]] QByteArray filePath()
    {
        const QByteArrayView path = text();
        if (!isFilePath(path))
            require(false, QStringLiteral("path: ") + pathFault(path));
        return path.toByteArray();
    }
    [[nodiscard]] QByteArray treePath()
    {
        const QByteArrayView path = text();
        if (!isTreePath(path))
            require(false, QStringLiteral("path: ") + pathFault(path));
        return path.toByteArray();
    }
    /// A path, a place or nothing.
    [[nodiscard]] QByteArray bound()
    {
        const QByteArrayView place = text();
        if (!place.isEmpty() && !isPlace(place))
            require(false, QStringLiteral("after: ") + pathFault(place));
        return place.toByteArray();
    }
    [[nodiscard]] QByteArray pattern()
    {
        const QByteArrayView pattern = text();
        if (const Result<Glob> glob = Glob::parse(pattern); !glob)
            require(false, QStringLiteral("pattern: ") + glob.error().message);
        return pattern.toByteArray();
    }
    [[nodiscard]] Page page()
    {
        Page page;
        page.after = bound();
        page.limit = m_reader.number<std::uint32_t>();
        page.detail = Detail(m_reader.number<std::uint8_t>());
        require(page.detail >= Detail::values && page.detail <= Detail::count);
        return page;
    }
    [[nodiscard]] Question range(Revision at)
    {
        QByteArray from = bound();
        QByteArray to = bound();
        return Range{std::move(from), std::move(to), page(), at};
    }

    ByteReader m_reader;
    QString m_fault;
};

Question Decoder::question()
{
    require(m_reader.number<std::uint8_t>() == format::version);
    const auto kind = QuestionKind(m_reader.number<std::uint8_t>());
    switch (kind) {
    case QuestionKind::session: return SessionState{SessionId(m_reader.number<std::uint64_t>())};
    case QuestionKind::sessions: {
        const SessionId after(m_reader.number<std::uint64_t>());
        return SessionList{after, m_reader.number<std::uint32_t>()};
    }
    case QuestionKind::store: return StoreState{};
    default: break;
    }
    const Revision at = revision();
    QByteArray path;
    switch (kind) {
    case QuestionKind::get: return Get{filePath(), at};
    case QuestionKind::stat: return Stat{treePath(), at};
    case QuestionKind::range: return range(at);
    case QuestionKind::list: path = treePath(); return List{std::move(path), page(), at};
    case QuestionKind::match: path = pattern(); return Match{std::move(path), page(), at};
    case QuestionKind::entries: path = treePath(); return Entries{std::move(path), page(), at};
    default: break;
    }
    m_reader.fail();
    return StoreState{};
}

} // namespace

QByteArray encode(const Question &question)
{
    Encoder encoder;
    std::visit(encoder, question);
    return encoder.take();
}

Result<Question> decodeQuestion(QByteArrayView bytes)
{
    Decoder decoder(bytes);
    Question question = decoder.question();
    if (!decoder.fault().isEmpty())
        return Error{ErrorCode::invalid, decoder.fault()};
    if (!decoder.isAtEnd())
        return Error{ErrorCode::invalid, QStringLiteral("these bytes are no question to a store")};
    return question;
}

} // namespace coffer::store
