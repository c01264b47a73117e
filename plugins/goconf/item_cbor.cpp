// SPDX-License-Identifier: Apache-2.0
#include "goconf/item_cbor.h"

#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Place;

static constexpr std::size_t faultsMax = 1'000;

QString nameOf(Place::Kind kind)
{
    switch (kind) {
    case Place::Kind::section: return u"section"_s;
    case Place::Kind::key: return u"key"_s;
    case Place::Kind::file: return u"file"_s;
    case Place::Kind::output: break;
    }
    return u"output"_s;
}

QString modeText(std::uint16_t mode)
{
    return u"0"_s + QString::number(mode, 8).rightJustified(3, u'0');
}

void putRights(QCborMap &map, const config::FileRights &rights)
{
    map.insert(u"mode"_s, modeText(rights.mode));
    map.insert(u"owner"_s, textOf(rights.owner));
    map.insert(u"group"_s, textOf(rights.group));
}

namespace {

void putFinal(QCborMap &map, bool isFinal)
{
    if (isFinal)
        map.insert(u"final"_s, true);
}

struct ToCbor
{
    QCborValue operator()(std::monostate) const { return nullptr; }
    QCborValue operator()(const config::SectionHead &head) const
    {
        return QCborMap{{u"comment"_s, textOf(head.comment)}};
    }
    QCborValue operator()(const config::Key &key) const
    {
        QCborMap map{{u"type"_s, textOf(config::nameOf(key.value.type))},
                     {u"value"_s, textOf(key.value.text)},
                     {u"comment"_s, textOf(key.comment)}};
        if (!key.value.choices.empty())
            map.insert(u"choices"_s, arrayOf(key.value.choices));
        putFinal(map, key.isFinal);
        return map;
    }
    QCborValue operator()(const config::File &file) const
    {
        QCborMap map{{u"hash"_s, textOf(file.content.hex())}, {u"bytes"_s, qint64(file.bytes)}};
        putRights(map, file.rights);
        putFinal(map, file.isFinal);
        return map;
    }
    QCborValue operator()(const config::Output &output) const
    {
        QCborMap map{{u"format"_s, textOf(config::nameOf(output.format))},
                     {u"sections"_s, arrayOf(output.sections)}};
        putRights(map, output.rights);
        putFinal(map, output.isFinal);
        return map;
    }
    QCborValue operator()(const config::Tombstone &tombstone) const
    {
        return QCborMap{{u"tombstone"_s, true}, {u"comment"_s, textOf(tombstone.comment)}};
    }
};

} // namespace

QCborValue itemCbor(const config::Item &item) { return std::visit(ToCbor(), item); }

QCborMap placeCbor(const Place &place)
{
    return {{u"place"_s, textOf(place.shown())}, {u"kind"_s, nameOf(place.kind)}};
}

QCborMap conflictCbor(const config::Conflict &conflict)
{
    QCborMap map = placeCbor(conflict.place);
    map.insert(u"base"_s, itemCbor(conflict.base));
    map.insert(u"yours"_s, itemCbor(conflict.yours));
    map.insert(u"theirs"_s, itemCbor(conflict.theirs));
    return map;
}

static QByteArray commentOf(const config::Item &item)
{
    if (const auto *tombstone = std::get_if<config::Tombstone>(&item))
        return tombstone->comment;
    const auto *key = std::get_if<config::Key>(&item);
    return key == nullptr ? QByteArray() : key->comment;
}

QCborArray conflictsCbor(const std::vector<config::Conflict> &conflicts)
{
    QCborArray all;
    for (std::size_t i = 0; i < std::min<std::size_t>(conflicts.size(), 1'000); ++i)
        all.append(conflictCbor(conflicts[i]));
    return all;
}

void putDifferences(QCborMap &map, const std::vector<config::Change> &changes, std::size_t max)
{
    QCborArray differences;
    for (std::size_t i = 0; i < std::min(max, changes.size()); ++i) {
        const config::Change &change = changes[i];
        QCborMap one = placeCbor(change.place);
        one.insert(u"before"_s, itemCbor(change.base));
        one.insert(u"after"_s, itemCbor(change.now));
        QByteArray comment = commentOf(change.now);
        if (comment.isEmpty())
            comment = commentOf(change.base);
        if (!comment.isEmpty())
            one.insert(u"comment"_s, textOf(comment));
        differences.append(one);
    }
    map.insert(u"differences"_s, differences);
    map.insert(u"more"_s, changes.size() > max);
}

QCborArray diffsCbor(const std::vector<FileDiff> &diffs)
{
    QCborArray array;
    for (const FileDiff &diff : diffs)
        array.append(QCborMap{{u"path"_s, textOf(diff.path)}, {u"diff"_s, textOf(diff.text)}});
    return array;
}

QCborArray faultsCbor(const std::vector<ClassFault> &faults)
{
    QCborArray array;
    for (std::size_t i = 0; i < std::min(faultsMax, faults.size()); ++i) {
        const HostClass &of = faults[i].of;
        QCborMap map{{u"service"_s, textOf(of.service)},
                     {u"place"_s, textOf(faults[i].fault.place)},
                     {u"idc"_s, textOf(of.idc)},
                     {u"message"_s, faults[i].fault.message}};
        if (!of.host.isEmpty())
            map.insert(u"host"_s, textOf(of.host));
        array.append(map);
    }
    return array;
}

} // namespace coffer::goconf
