// SPDX-License-Identifier: Apache-2.0
#include "config/change.h"
#include "config/limits.h"
#include "config/name.h"

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

/// Names of the platform's own may begin with '_', and so may those of users, such as _apt.
bool isAccount(const QByteArray &name)
{
    return name.isEmpty() || isName(name.startsWith('_') ? name.sliced(1) : name);
}

Result<void> checkRights(const FileRights &rights)
{
    if (rights.mode > 0777)
        return Error{ErrorCode::invalid, u"mode %1: expected permission bits, at most 0777"_s.arg(
                                             rights.mode, 4, 8, QLatin1Char('0'))};
    for (const QByteArray &name : {rights.owner, rights.group}) {
        if (!isAccount(name))
            return Error{ErrorCode::invalid,
                         u"owner or group '%1': expected the name of one, or nothing"_s.arg(
                             QString::fromUtf8(name.left(200)))};
    }
    return {};
}

Result<void> checkComment(const QByteArray &comment)
{
    if (std::size_t(comment.size()) <= limits::commentBytesMax && comment.isValidUtf8()
        && !comment.startsWith("\xEF\xBB\xBF"))
        return {};
    return Error{ErrorCode::invalid,
                 u"comment: expected at most %1 bytes of UTF-8, without a byte order mark"_s.arg(
                     limits::commentBytesMax)};
}

Result<void> checkPlace(const Place &place)
{
    switch (place.kind) {
    case Place::Kind::section: return checkName(place.section, "section");
    case Place::Kind::key: {
        const Result<void> section = checkName(place.section, "section");
        return section ? checkName(place.name, "key") : section;
    }
    case Place::Kind::file:
    case Place::Kind::output: return checkFilePath(place.name);
    }
    return Error{ErrorCode::invalid, u"a place that is no section, key, file or output"_s};
}

Result<void> checkItem(const SectionHead &head) { return checkComment(head.comment); }

Result<void> checkItem(const Key &key)
{
    const Result<Value> value = Value::parse(key.value.type, key.value.text, key.value.choices);
    if (!value)
        return value.error();
    if (*value != key.value)
        return Error{ErrorCode::invalid, u"expected the canonical text '%1'"_s.arg(
                                             QString::fromUtf8(value->text.left(200)))};
    return checkComment(key.comment);
}

Result<void> checkItem(const File &file)
{
    if (file.content.isNull())
        return Error{ErrorCode::invalid, u"the hash of the content is missing"_s};
    if (file.bytes > limits::fileBytesMax)
        return Error{ErrorCode::invalid,
                     u"%1 bytes: expected at most %2"_s.arg(file.bytes).arg(limits::fileBytesMax)};
    return checkRights(file.rights);
}

Result<void> checkItem(const Output &output)
{
    if (nameOf(output.format).isEmpty())
        return Error{ErrorCode::invalid, u"a format that is not known"_s};
    std::vector<QByteArray> sorted = output.sections;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        return Error{ErrorCode::invalid, u"sections: one is there twice"_s};
    if (sorted.size() > limits::outputSectionsMax)
        return Error{ErrorCode::invalid, u"sections: expected at most %1; none means all"_s.arg(
                                             limits::outputSectionsMax)};
    for (const QByteArray &section : output.sections) {
        if (const Result<void> checked = checkName(section, "section"); !checked)
            return checked;
    }
    return checkRights(output.rights);
}

Result<void> checkItem(const Tombstone &tombstone) { return checkComment(tombstone.comment); }

Result<void> checkItem(std::monostate) { return {}; }

bool fits(const Place &place, const Item &item)
{
    return item.index() == 0 || item.index() == std::size_t(place.kind)
           || std::holds_alternative<Tombstone>(item);
}

} // namespace

QByteArray Place::shown() const
{
    switch (kind) {
    case Kind::section: return section;
    case Kind::key: return section + '/' + name;
    case Kind::file:
    case Kind::output: return name;
    }
    return {};
}

Place sibling(Place place)
{
    place.kind = place.kind == Place::Kind::file ? Place::Kind::output : Place::Kind::file;
    return place;
}

Item itemAt(const Layer &layer, const Place &place)
{
    if (const Tombstone *tombstone = layer.tombstone(place))
        return *tombstone;
    const auto itemOf = [](const auto *found) { return found == nullptr ? Item() : Item(*found); };
    switch (place.kind) {
    case Place::Kind::section: {
        const Section *section = layer.section(place.section);
        return section == nullptr || section->comment.isEmpty() ? Item()
                                                                : SectionHead{section->comment};
    }
    case Place::Kind::key: return itemOf(layer.key(place.section, place.name));
    case Place::Kind::file: return itemOf(layer.file(place.name));
    case Place::Kind::output: return itemOf(layer.output(place.name));
    }
    return {};
}

Result<void> check(const Place &place, const Item &item)
{
    if (const Result<void> checked = checkPlace(place); !checked)
        return checked;
    const QString shown = QString::fromUtf8(place.shown());
    if (!fits(place, item))
        return Error{ErrorCode::invalid, shown + u": the item is of another kind than its place"_s};
    const Result<void> checked = std::visit([](const auto &one) { return checkItem(one); }, item);
    if (!checked)
        return checked.error().in(shown);
    return {};
}

} // namespace coffer::config
