// SPDX-License-Identifier: Apache-2.0
#include "goconf/edit.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include "config/format.h"
#include "config/limits.h"
#include "config/name.h"

#include <QJsonDocument>
#include <QJsonObject>

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
        {"set",
         Op::set,
         Kind::key,
         {"section", "key"},
         {"value", "type", "comment", "choices", "final"}},
        {"unset", Op::unset, Kind::key, {"section"}, {"key"}},
        {"comment", Op::comment, Kind::section, {"section", "comment"}, {}},
        {"file",
         Op::file,
         Kind::file,
         {"path", "object", "bytes"},
         {"mode", "owner", "group", "final"}},
        {"removeFile", Op::removeFile, Kind::file, {"path"}, {}},
        {"output",
         Op::output,
         Kind::output,
         {"path", "format"},
         {"sections", "mode", "owner", "group", "final"}},
        {"removeOutput", Op::removeOutput, Kind::output, {"path"}, {}},
        {"splice", Op::splice, Kind::file, {"path", "pointer", "value"}, {}},
        {"tombstone", Op::tombstone, Kind::key, {}, {"section", "key", "path", "comment"}},
        {"put", Op::exact, Kind::key, {"place", "item"}, {}}};
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

/// What is wrong with the members of an edit by themselves.
std::optional<Failure> faultOf(const Row &row, const QCborMap &map, int index)
{
    const QString op = QLatin1String(row.name);
    if (map.contains(u"secret"_s)) {
        return invalid(index,
                       u"secret: secrets cannot be kept yet: what is set here can be read in "
                       "the store, in backups and on hosts by all who may read those. Leave "
                       "it out, and keep the secret elsewhere"_s);
    }
    for (const char *needed : row.needed) {
        if (!map.contains(QLatin1String(needed)))
            return invalid(index, u"%1: expected with \"%2\""_s.arg(QLatin1String(needed), op));
    }
    for (auto it = map.begin(); it != map.end(); ++it) {
        const QString member = it.key().toString();
        if (member != u"op" && member != u"seen" && !isIn(row.needed, member)
            && !isIn(row.allowed, member))
            return invalid(index, u"%1: not expected with \"%2\""_s.arg(member, op));
    }
    if (const QCborValue bytes = map.value(u"bytes"_s); !bytes.isUndefined() && !bytes.isInteger())
        return invalid(index, u"bytes: expected a whole number"_s);
    if (row.op == Edit::Op::tombstone && map.contains(u"section"_s) == map.contains(u"path"_s))
        return invalid(index, u"section: expected with \"tombstone\", or path, and not both"_s);
    if (row.op == Edit::Op::tombstone && map.contains(u"path"_s) && map.contains(u"key"_s))
        return invalid(index, u"key: not expected with a path"_s);
    const bool isMark = map.contains(u"final"_s) || map.contains(u"comment"_s);
    if (row.op == Edit::Op::set && !map.contains(u"value"_s) && !isMark)
        return invalid(index, u"value: expected with \"set\", unless final or comment is"_s);
    return std::nullopt;
}

/// \a kind: what the operation is of, where its members leave that open.
Place placeIn(const QCborMap &map, Place::Kind kind)
{
    Place place{kind, textIn(map, "section"), {}};
    if (map.contains(u"path"_s) && !place.isPath())
        place.kind = Place::Kind::file;
    if (place.kind == Place::Kind::key && !map.contains(u"key"_s))
        place.kind = Place::Kind::section;
    place.name = textIn(map, place.isPath() ? "path" : "key");
    return place;
}

} // namespace

/// What is to be at a place, both as a draft stores them.
static Result<config::Change> putOf(const QCborMap &map)
{
    const QCborMap change{{u"base"_s, nullptr},
                          {u"now"_s, map.value(u"item"_s)},
                          {u"place"_s, map.value(u"place"_s)}};
    return config::decodeChange(
        QJsonDocument(change.toJsonObject()).toJson(QJsonDocument::Compact));
}

Answer<Edit> Edit::parse(const QCborMap &map, int index)
{
    const QByteArray name = textIn(map, "op");
    const auto row = std::find_if(table().begin(), table().end(),
                                  [&name](const Row &one) { return name == one.name; });
    if (row == table().end()) {
        return invalid(index, u"op: expected set, unset, comment, file, removeFile, output, "
                              "removeOutput, splice, tombstone or put"_s);
    }
    if (const std::optional<Failure> fault = faultOf(*row, map, index))
        return *fault;
    Edit edit;
    edit.op = row->op;
    edit.members = map;
    edit.place = placeIn(map, row->kind);
    if (const QCborValue seen = map.value(u"seen"_s); seen.isInteger())
        edit.seen = std::uint64_t(seen.toInteger());
    if (row->op == Op::exact) {
        const Result<config::Change> put = putOf(map);
        if (!put)
            return invalid(index, u"item: "_s + put.error().message);
        edit.place = put->place;
        edit.item = put->now;
    }
    const Result<void> fits =
        edit.place.isPath() ? config::checkFilePath(edit.place.name) : Result<void>();
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

/// As it is said; as it was, if it is not.
static bool isFinalIn(const QCborMap &members, bool isFinal)
{
    const QCborValue said = members.value(u"final"_s);
    return said.isBool() ? said.toBool() : isFinal;
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
    const bool isValue = edit.members.contains(u"value"_s);
    if (old == nullptr && !isValue)
        return nothingThere(edit.place);
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
    const QByteArray text = isValue ? textIn(edit.members, "value") : key.value.text;
    const Result<config::Value> value = config::Value::parse(type, text, choices);
    if (!value)
        return value.error().in(textOf(edit.place.shown()));
    key.value = *value;
    key.comment = textIn(edit.members, "comment", key.comment);
    key.isFinal = isFinalIn(edit.members, key.isFinal);
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
    file.isFinal = isFinalIn(edit.members, file.isFinal);
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
    output.isFinal = isFinalIn(edit.members, output.isFinal);
    return Item(output);
}

static Item tombstoneOf(const Edit &edit, const Item &now)
{
    const auto *old = std::get_if<config::Tombstone>(&now);
    const QByteArray kept = old == nullptr ? QByteArray() : old->comment;
    return config::Tombstone{textIn(edit.members, "comment", kept)};
}

/// That of what is there.
static Item commentOf(const Edit &edit, const Item &now)
{
    const QByteArray text = textIn(edit.members, "comment");
    if (std::holds_alternative<config::Tombstone>(now))
        return config::Tombstone{text};
    return text.isEmpty() ? Item() : Item(config::SectionHead{text}); // as it is stored
}

Answer<Item> Edit::wish(const Item &now) const
{
    switch (op) {
    case Op::set: return keyOf(*this, now);
    case Op::tombstone: return tombstoneOf(*this, now);
    case Op::comment: return commentOf(*this, now);
    case Op::file:
    case Op::splice: return fileOf(*this, now);
    case Op::output: return outputOf(*this, now);
    case Op::exact: return item;
    case Op::unset:
    case Op::removeFile:
    case Op::removeOutput: break;
    }
    const bool isOfSection = place.kind == Place::Kind::section; // its keys are unset one by one
    if (isOfSection && !std::holds_alternative<config::Tombstone>(now)) {
        return Failure::of(Code::notFound,
                           u"section %1 is no tombstone here; to remove keys, name them"_s.arg(
                               textOf(place.section)));
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

/// In this layer nothing of it is final yet.
static Item unmarked(Item item)
{
    if (auto *key = std::get_if<config::Key>(&item))
        key->isFinal = false;
    if (auto *file = std::get_if<config::File>(&item))
        file->isFinal = false;
    if (auto *output = std::get_if<config::Output>(&item))
        output->isFinal = false;
    return item;
}

Item EditTable::model(const Place &place) const
{
    const Item there = now(place);
    const auto found = rows.find(place);
    const bool isNothing = std::holds_alternative<std::monostate>(there)
                           || std::holds_alternative<config::Tombstone>(there);
    return isNothing && found != rows.end() ? unmarked(found->second.inherited) : there;
}

static bool removes(Edit::Op op)
{
    return op == Edit::Op::unset || op == Edit::Op::removeFile || op == Edit::Op::removeOutput;
}

std::vector<Place> EditTable::placesOf(const Edit &edit)
{
    if (!edit.place.isPath() || edit.op == Edit::Op::splice || edit.op == Edit::Op::exact)
        return {edit.place};
    return {edit.place, sibling(edit.place)};
}

/// A tombstone of a path is of the kind that is there, here or below. It is removed as a file or as
/// an output, whichever somebody takes it for.
Place EditTable::settled(const Edit &edit) const
{
    if (!edit.place.isPath())
        return edit.place;
    const Place other = sibling(edit.place);
    const bool isThere = !std::holds_alternative<std::monostate>(now(edit.place));
    const Item beside = now(other);
    if (removes(edit.op))
        return !isThere && std::holds_alternative<config::Tombstone>(beside) ? other : edit.place;
    if (edit.op != Edit::Op::tombstone || isThere)
        return edit.place;
    const bool isOther = !std::holds_alternative<std::monostate>(beside)
                         || std::holds_alternative<config::Output>(model(other));
    return isOther ? other : edit.place;
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
    Edit one = edit;
    one.place = settled(edit);
    const bool isMade = edit.op == Edit::Op::file || edit.op == Edit::Op::output;
    const Place other = sibling(one.place);
    if (isMade && std::holds_alternative<config::Tombstone>(now(other))) {
        const Edit room{.op = Edit::Op::exact, .place = other}; // a path is one thing
        if (const std::optional<Failure> failure = carryOut(room, who, isForced))
            return failure;
    }
    return carryOut(one, who, isForced);
}

static Answer<Item> wishOf(const EditTable &table, const Edit &edit)
{
    const bool isOfThisLayer = removes(edit.op) || edit.op == Edit::Op::tombstone
                               || edit.op == Edit::Op::comment
                               || (edit.op == Edit::Op::set && !edit.members.contains(u"value"_s));
    return edit.wish(isOfThisLayer ? table.now(edit.place) : table.model(edit.place));
}

std::optional<Failure> EditTable::carryOut(const Edit &edit, const Trace &who, bool isForced)
{
    Row &row = rows[edit.place];
    const Answer<Item> wish = wishOf(*this, edit);
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
    const bool isNew =
        std::holds_alternative<config::Key>(*wish) && !std::holds_alternative<config::Key>(base);
    if (order == 0 && isNew)
        order = ++news;
    row.pending = Pending{{who, {edit.place, base, *wish, order}}, Revision(there)};
    row.isTouched = true;
    return std::nullopt;
}

} // namespace coffer::goconf
