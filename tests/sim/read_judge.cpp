// SPDX-License-Identifier: Apache-2.0
#include "sim/read_judge.h"

#include "store/limits.h"
#include "support/naive_glob.h"

#include <algorithm>
#include <functional>

namespace coffer::sim {

using namespace store;
using test::NaiveGlob;
using test::StoreModel;

namespace {

/// Which files a question asks for, written down once more.
bool isWanted(const Question &question, const std::string &key)
{
    if (const auto *range = std::get_if<Range>(&question)) {
        return (range->from.isEmpty() || key >= StoreModel::keyOf(range->from))
               && (range->to.isEmpty() || key < StoreModel::keyOf(range->to));
    }
    if (const auto *match = std::get_if<Match>(&question))
        return NaiveGlob::matches(match->pattern, StoreModel::pathOf(key));
    const QByteArray path = std::get<List>(question).path;
    const std::string tree = StoreModel::keyOf(path);
    return path.size() == 1 || key == tree || key.starts_with(tree + '\1');
}

/// One reply beside the files as they were.
class Judge
{
public:
    Judge(const Reply &reply, const StoreModel::Files &files) : m_reply(reply), m_files(files) {}

    [[nodiscard]] QString judge(const Question &question) const
    {
        if (const auto *get = std::get_if<Get>(&question))
            return one(get->path, true);
        if (const auto *stat = std::get_if<Stat>(&question))
            return judgeStat(*stat);
        if (const auto *entries = std::get_if<Entries>(&question))
            return judgeEntries(*entries);
        if (const auto *list = std::get_if<List>(&question))
            return judgePage(question, list->page);
        if (const auto *range = std::get_if<Range>(&question))
            return judgePage(question, range->page);
        if (const auto *match = std::get_if<Match>(&question))
            return judgePage(question, match->page);
        return {};
    }

private:
    [[nodiscard]] QString one(const QByteArray &path, bool hasValue) const
    {
        std::vector<FileView> expected;
        if (const auto file = m_files.find(StoreModel::keyOf(path)); file != m_files.end())
            expected.push_back(StoreModel::viewOf(file->first, file->second, hasValue));
        return m_reply.files == expected ? QString() : QStringLiteral("the file is another");
    }
    [[nodiscard]] QString judgeStat(const Stat &stat) const
    {
        if (const QString wrong = one(stat.path, false); !wrong.isEmpty())
            return wrong;
        const std::size_t expected = m_files.contains(StoreModel::keyOf(stat.path))
                                         ? 0
                                         : entriesOf(stat.path, QByteArray()).size();
        return m_reply.count == expected ? QString()
                                         : QStringLiteral("the directory has %1 entries, not %2")
                                               .arg(expected)
                                               .arg(m_reply.count);
    }
    [[nodiscard]] std::vector<EntryView> entriesOf(const QByteArray &path,
                                                   const QByteArray &after) const
    {
        const QByteArray prefix = path.size() == 1 ? path : path + '/';
        std::vector<EntryView> entries;
        for (const auto &[key, file] : m_files) {
            const QByteArray other = StoreModel::pathOf(key);
            const bool isBehind = after.isEmpty() || key > StoreModel::keyOf(after);
            if (!other.startsWith(prefix) || !isBehind)
                continue;
            const QByteArray rest = other.sliced(prefix.size());
            const qsizetype slash = rest.indexOf('/');
            const EntryView entry{slash < 0 ? rest : rest.first(slash), slash >= 0};
            if (entries.empty() || entries.back() != entry)
                entries.push_back(entry);
        }
        return entries;
    }
    [[nodiscard]] QString judgeEntries(const Entries &question) const
    {
        const std::vector<EntryView> expected = entriesOf(question.path, question.page.after);
        if (question.page.detail == Detail::count)
            return judgeCount(expected.size());
        return judgePart(m_reply.entries, expected, question.page);
    }
    [[nodiscard]] QString judgePage(const Question &question, const Page &page) const
    {
        std::vector<FileView> expected;
        const std::string after = StoreModel::keyOf(page.after);
        for (const auto &[key, file] : m_files) {
            if (isWanted(question, key) && (after.empty() || key > after))
                expected.push_back(StoreModel::viewOf(key, file, page.detail == Detail::values));
        }
        if (page.detail == Detail::count)
            return judgeCount(expected.size());
        return judgePart(m_reply.files, expected, page);
    }
    [[nodiscard]] QString judgeCount(std::size_t expected) const
    {
        return m_reply.count == expected
                   ? QString()
                   : QStringLiteral("%1 were counted, not %2").arg(m_reply.count).arg(expected);
    }
    /// A page may end early, but says so.
    template<class View>
    [[nodiscard]] QString judgePart(const std::vector<View> &part, const std::vector<View> &whole,
                                    const Page &page) const
    {
        if (part.size() > whole.size() || !std::equal(part.begin(), part.end(), whole.begin()))
            return QStringLiteral("the page shows something else");
        if (page.limit != 0 && part.size() > page.limit)
            return QStringLiteral("the page is longer than was asked for");
        if (!m_reply.hasMore && part.size() < whole.size())
            return QStringLiteral("%1 of %2 are missing")
                .arg(whole.size() - part.size())
                .arg(whole.size());
        return {};
    }

    const Reply &m_reply;
    const StoreModel::Files &m_files;
};

} // namespace

QString whatIsWrong(const Reply &reply, const Question &question, const StoreMoment &moment,
                    const StoreModel &model)
{
    if (reply.revision != moment.revision || reply.appliedTime != moment.time)
        return QStringLiteral("it is of another moment");
    if (reply.floor != moment.floor)
        return QStringLiteral("its floor is %1, not %2")
            .arg(reply.floor.value())
            .arg(moment.floor.value());
    const Revision asked = std::visit(
        [](const auto &some) {
            if constexpr (requires { some.at; })
                return some.at;
            return Revision();
        },
        question);
    const Revision at = asked.isNone() ? moment.revision : asked;
    ReplyStatus expected = ReplyStatus::ok;
    if (at > moment.revision)
        expected = ReplyStatus::notYet;
    else if (at < moment.floor)
        expected = ReplyStatus::compacted;
    if (reply.status != expected)
        return QStringLiteral("its status is %1, not %2").arg(int(reply.status)).arg(int(expected));
    if (reply.status != ReplyStatus::ok)
        return reply.files.empty() && reply.entries.empty()
                   ? QString()
                   : QStringLiteral("it shows what it says is not there");
    if (reply.at != at)
        return QStringLiteral("it shows revision %1").arg(reply.at.value());
    return Judge(reply, model.filesAt(at.value())).judge(question);
}

} // namespace coffer::sim
