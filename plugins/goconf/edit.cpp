// SPDX-License-Identifier: Apache-2.0
#include "goconf/edit.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include "config/format.h"
#include "config/limits.h"
#include "config/name.h"

#include <array>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Item;
using config::Place;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

namespace {

struct Row
{
    const char *name;
    Edit::Op op;
    Place::Kind kind;
    std::vector<const char *> needed;
    std::vector<const char *> allowed;
};

const std::vector<Row> &table()
{
    using Op = Edit::Op;
    using Kind = Place::Kind;
    static const std::vector<Row> rows{
        {"set", Op::set, Kind::key, {"section", "key", "value"}, {"type", "comment", "choices"}},
        {"unset", Op::unset, Kind::key, {"section", "key"}, {}},
        {"comment", Op::comment, Kind::section, {"section", "comment"}, {}},
        {"file", Op::file, Kind::file, {"path", "object", "bytes"}, {"mode", "owner", "group"}},
        {"removeFile", Op::removeFile, Kind::file, {"path"}, {}},
        {"output",
         Op::output,
         Kind::output,
         {"path", "format"},
         {"sections", "mode", "owner", "group"}},
        {"removeOutput", Op::removeOutput, Kind::output, {"path"}, {}},
        {"splice", Op::splice, Kind::file, {"path", "pointer", "value"}, {}}};
    return rows;
}

bool isIn(const std::vector<const char *> &names, const QString &name)
{
    return std::any_of(names.begin(), names.end(),
                       [&name](const char *one) { return name == QLatin1String(one); });
}

Failure invalid(int index, const QString &text)
{
    return Failure::of(Code::invalidArgument, u"edits[%1].%2"_s.arg(index).arg(text));
}

} // namespace

Answer<Edit> Edit::parse(const QCborMap &map, int index)
{
    const QByteArray name = textIn(map, "op");
    const auto row = std::find_if(table().begin(), table().end(),
                                  [&name](const Row &one) { return name == one.name; });
    if (row == table().end()) {
        return invalid(index, u"op: expected set, unset, comment, file, removeFile, output, "
                              "removeOutput or splice"_s);
    }
    for (const char *needed : row->needed) {
        if (!map.contains(QLatin1String(needed)))
            return invalid(index,
                           u"%1: expected with \"%2\""_s.arg(QLatin1String(needed), textOf(name)));
    }
    for (auto it = map.begin(); it != map.end(); ++it) {
        const QString member = it.key().toString();
        if (member != u"op" && member != u"seen" && !isIn(row->needed, member)
            && !isIn(row->allowed, member))
            return invalid(index, u"%1: not expected with \"%2\""_s.arg(member, textOf(name)));
    }
    Edit edit;
    edit.op = row->op;
    edit.members = map;
    edit.place.kind = row->kind;
    edit.place.section = textIn(map, "section");
    const bool isPath = row->kind == Place::Kind::file || row->kind == Place::Kind::output;
    edit.place.name = textIn(map, isPath ? "path" : "key");
    if (const QCborValue seen = map.value(u"seen"_s); seen.isInteger())
        edit.seen = std::uint64_t(seen.toInteger());
    const Result<void> fits = isPath ? config::checkFilePath(edit.place.name) : Result<void>();
    if (!fits)
        return invalid(index, u"path: "_s + fits.error().message);
    return edit;
}

// ---- what it wants

static Failure nothingThere(const Place &place)
{
    return Failure::of(Code::notFound, u"there is no %1 %2; goconf.get says what there is"_s.arg(
                                           nameOf(place.kind), textOf(place.shown())));
}

static config::FileRights rightsOf(const QCborMap &members, config::FileRights rights)
{
    if (members.contains(u"mode"_s))
        rights.mode = std::uint16_t(textIn(members, "mode").toUShort(nullptr, 8));
    rights.owner = textIn(members, "owner", rights.owner);
    rights.group = textIn(members, "group", rights.group);
    return rights;
}

static Answer<Item> keyOf(const Edit &edit, const Item &now)
{
    const auto *old = std::get_if<config::Key>(&now);
    config::Key key{.name = edit.place.name};
    if (old != nullptr)
        key = *old;
    config::Type type = key.value.type;
    if (edit.members.contains(u"type"_s)) {
        const Result<config::Type> named = config::typeNamed(textIn(edit.members, "type"));
        if (!named)
            return named.error().in(textOf(edit.place.shown()));
        type = *named;
    }
    std::vector<QByteArray> choices;
    if (type == config::Type::enumeration)
        choices = edit.members.contains(u"choices"_s) ? textsIn(edit.members, "choices")
                                                      : key.value.choices;
    const Result<config::Value> value =
        config::Value::parse(type, textIn(edit.members, "value"), choices);
    if (!value)
        return value.error().in(textOf(edit.place.shown()));
    key.value = *value;
    key.comment = textIn(edit.members, "comment", key.comment);
    return Item(key);
}

static Answer<Item> fileOf(const Edit &edit, const Item &now)
{
    const auto *old = std::get_if<config::File>(&now);
    config::File file{.path = edit.place.name};
    if (old != nullptr)
        file = *old;
    if (edit.op == Edit::Op::splice) {
        if (old == nullptr)
            return nothingThere(edit.place);
        file.content = config::Hash::of(edit.text);
        file.bytes = std::uint64_t(edit.text.size());
        return Item(file);
    }
    file.content = config::Hash::fromHex(textIn(edit.members, "object")).value_or(config::Hash());
    file.bytes = std::uint64_t(edit.members.value(u"bytes"_s).toInteger());
    file.rights = rightsOf(edit.members, file.rights);
    return Item(file);
}

static Answer<Item> outputOf(const Edit &edit, const Item &now)
{
    const auto *old = std::get_if<config::Output>(&now);
    config::Output output{.path = edit.place.name};
    if (old != nullptr)
        output = *old;
    const Result<config::Format> format = config::formatNamed(textIn(edit.members, "format"));
    if (!format)
        return format.error().in(textOf(edit.place.shown()));
    output.format = *format;
    output.sections = textsIn(edit.members, "sections");
    output.rights = rightsOf(edit.members, output.rights);
    return Item(output);
}

Answer<Item> Edit::wish(const Item &now) const
{
    switch (op) {
    case Op::set: return keyOf(*this, now);
    case Op::comment: return Item(config::SectionHead{textIn(members, "comment")});
    case Op::file:
    case Op::splice: return fileOf(*this, now);
    case Op::output: return outputOf(*this, now);
    case Op::exact: return item;
    case Op::unset:
    case Op::removeFile:
    case Op::removeOutput: break;
    }
    if (std::holds_alternative<std::monostate>(now))
        return nothingThere(place);
    return Item();
}

// ---- the table

Item EditTable::now(const Place &place) const
{
    const auto found = rows.find(place);
    if (found == rows.end())
        return {};
    return found->second.pending ? found->second.pending->record.change.now : found->second.live;
}

Item EditTable::model(const Place &place) const
{
    const Item there = now(place);
    const auto found = rows.find(place);
    const bool isNothing = std::holds_alternative<std::monostate>(there);
    return isNothing && found != rows.end() ? found->second.inherited : there;
}

static bool removes(Edit::Op op)
{
    return op == Edit::Op::unset || op == Edit::Op::removeFile || op == Edit::Op::removeOutput;
}

static Failure collision(const Edit &edit, const EditTable::Row &row, const Item &yours)
{
    QCborMap both = conflictCbor({edit.place, row.live, yours, {}});
    QString text;
    if (row.pending) {
        const DraftRecord &theirs = row.pending->record;
        both.insert(u"base"_s, itemCbor(theirs.change.base));
        both.insert(u"theirs"_s, itemCbor(theirs.change.now));
        both.insert(u"by"_s, textOf(theirs.made.by));
        both.insert(u"at"_s, qint64(theirs.made.at.count()));
        both.insert(u"revision"_s, qint64(row.pending->revision.value()));
        text =
            u"%1 has changed %2 in this draft: look at it (goconf.draft.get), then say seen=%3, or "
            "force"_s.arg(textOf(theirs.made.by), textOf(edit.place.shown()))
                .arg(row.pending->revision.value());
    } else {
        text = u"%1: the pending change that you have seen is gone; look at it again"_s.arg(
            textOf(edit.place.shown()));
    }
    Failure failure = Failure::of(Code::conflict, text);
    failure.details.insert(u"conflicts"_s, QCborArray{both});
    return failure;
}

std::optional<Failure> EditTable::apply(const Edit &edit, const Trace &who, bool isForced)
{
    Row &row = rows[edit.place];
    const Answer<Item> wish = edit.wish(removes(edit.op) ? now(edit.place) : model(edit.place));
    if (!wish)
        return wish.error();
    // What does not pass this could be stored, but the draft not be read again.
    if (const Result<void> fits = config::check(edit.place, *wish); !fits)
        return Failure::of(Code::invalidArgument,
                           textOf(edit.place.shown()) + u": "_s + fits.error().message);
    const std::uint64_t there = row.pending ? row.pending->revision.value() : 0;
    const bool isForeign = row.pending && row.pending->record.made.by != who.by
                           && row.pending->record.change.now != *wish;
    if (edit.seen && *edit.seen != there && !isForced && !row.isTouched)
        return collision(edit, row, *wish);
    if (isForeign && !edit.seen && !isForced)
        return collision(edit, row, *wish);
    if (*wish == row.live) {
        row.isTouched = row.isTouched || row.pending.has_value();
        row.pending.reset();
        return std::nullopt;
    }
    if (row.pending && row.pending->record.change.now == *wish)
        return std::nullopt;
    const Item base = row.pending ? row.pending->record.change.base : row.live;
    std::uint32_t order = row.pending ? row.pending->record.change.order : 0;
    if (order == 0 && edit.place.kind == config::Place::Kind::key && base.index() == 0)
        order = ++news;
    row.pending = Pending{{who, {edit.place, base, *wish, order}}, Revision(there)};
    row.isTouched = true;
    return std::nullopt;
}

} // namespace coffer::goconf
