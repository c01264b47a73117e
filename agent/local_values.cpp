// SPDX-License-Identifier: Apache-2.0
#include "agent/local_values.h"

#include "config/render.h"

#include <QJsonArray>

#include <algorithm>
#include <map>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using config::Section;

LocalValues::LocalValues(const config::Bundle &bundle)
{
    m_files.reserve(bundle.files.size());
    for (const config::BundleFile &file : bundle.files)
        read(file);
    std::ranges::stable_sort(m_values, {}, &Value::key);
    m_values.shrink_to_fit();
    m_bytes += m_values.capacity() * sizeof(Value) + m_files.capacity() * sizeof(File);
}

void LocalValues::read(const config::BundleFile &file)
{
    m_files.push_back({.path = file.path,
                       .rights = file.rights,
                       .bytes = file.bytes.size(),
                       .content = config::Hash::of(file.bytes),
                       .format = {}});
    m_bytes += std::size_t(file.path.size());
    if (file.bytes.size() > fileBytesMax)
        return;
    const config::Format format = config::formatOfPath(file.path).value_or(config::Format::goconf);
    const auto sections = config::parseSections(format, file.bytes);
    if (!sections || sections->empty())
        return;
    m_files.back().format = format;
    for (const Section &section : *sections) {
        for (const config::Key &key : section.keys) {
            m_values.push_back({.key = section.name + '/' + key.name,
                                .file = m_files.size() - 1,
                                .type = key.value.type,
                                .text = key.value.text});
            // Both are blocks of their own on the heap.
            m_bytes += std::size_t(m_values.back().key.size() + key.value.text.size()) + 48;
        }
    }
}

Result<const LocalValues::Value *> LocalValues::find(const QByteArray &key,
                                                     const QByteArray &path) const
{
    const Value *found = nullptr;
    auto value = std::ranges::lower_bound(m_values, key, {}, &Value::key);
    for (; value != m_values.end() && value->key == key; ++value) {
        if (!path.isEmpty() && m_files[value->file].path != path)
            continue;
        if (found != nullptr && found->text != value->text) {
            const QByteArray files =
                m_files[found->file].path + " and " + m_files[value->file].path;
            return Error{ErrorCode::refused,
                         u"key: %1 is not the same in %2; name the file with \"path\""_s.arg(
                             QString::fromUtf8(key), QString::fromUtf8(files))};
        }
        if (found == nullptr)
            found = &*value;
    }
    if (found != nullptr)
        return found;
    const QString where = path.isEmpty() ? u"no file of this version"_s : QString::fromUtf8(path);
    return Error{ErrorCode::notFound,
                 u"key: %1 has no \"%2\""_s.arg(where, QString::fromUtf8(key))};
}

// ---- changes

namespace {

/// Collects what differs, up to a bound.
class Changes
{
public:
    explicit Changes(QString member) : m_member(std::move(member)) {}

    void add(const QByteArray &name, const char *kind)
    {
        if (m_items.size() >= changesMax)
            m_hasMore = true;
        else
            m_items.append(QJsonObject{{m_member, QString::fromUtf8(name)},
                                       {u"kind"_s, QString::fromLatin1(kind)}});
    }
    /// Both are sorted by name; of equal names, \a isSame tells whether they are the same.
    template<class Map>
    void compare(const Map &before, const Map &after)
    {
        auto old = before.begin();
        for (const auto &[name, what] : after) {
            for (; old != before.end() && old->first < name; ++old)
                add(old->first, "removed");
            const bool isOld = old != before.end() && old->first == name;
            if (!isOld)
                add(name, "added");
            else if (old->second != what)
                add(name, "changed");
            if (isOld)
                ++old;
        }
        for (; old != before.end(); ++old)
            add(old->first, "removed");
    }
    [[nodiscard]] QJsonArray items() const { return m_items; }
    [[nodiscard]] bool hasMore() const { return m_hasMore; }

private:
    QString m_member;
    QJsonArray m_items;
    bool m_hasMore = false;
};

} // namespace

static std::map<QByteArray, LocalValues::File> filesOf(const LocalValues *values)
{
    std::map<QByteArray, LocalValues::File> files;
    if (values != nullptr) {
        for (const LocalValues::File &file : values->files())
            files.emplace(file.path, file);
    }
    return files;
}

/// Each key with its texts; in which files they stand does not count.
static std::map<QByteArray, std::vector<QByteArray>> textsOf(const LocalValues *values)
{
    std::map<QByteArray, std::vector<QByteArray>> texts;
    if (values != nullptr) {
        for (const LocalValues::Value &value : values->values()) {
            std::vector<QByteArray> &all = texts[value.key];
            if (std::ranges::find(all, value.text) == all.end())
                all.push_back(value.text);
        }
    }
    return texts;
}

QJsonObject changesBetween(const LocalValues *before, const LocalValues &after)
{
    Changes files(u"path"_s);
    files.compare(filesOf(before), filesOf(&after));
    Changes keys(u"key"_s);
    keys.compare(textsOf(before), textsOf(&after));
    QJsonObject changes{{u"files"_s, files.items()}, {u"keys"_s, keys.items()}};
    if (files.hasMore() || keys.hasMore())
        changes[u"more"_s] = true;
    return changes;
}

} // namespace coffer::agent
