// SPDX-License-Identifier: Apache-2.0
#include "goconf/layer_writer.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Place;

/// Of values and comments that one call of get answers, and one more.
static constexpr qsizetype getBytesMax = qsizetype(2) << 20;

static void addSection(QCborArray &sections, const config::Section &section, const QCborArray &keys)
{
    sections.append(QCborMap{{u"name"_s, textOf(section.name)},
                             {u"comment"_s, textOf(section.comment)},
                             {u"keys"_s, keys}});
}

static Place placeOf(const config::Section &section, const config::Key &key)
{
    return {Place::Kind::key, section.name, key.name};
}

std::optional<QByteArray> LayerWriter::writeSections(QCborMap &answer, const config::Layer &layer,
                                                     const QCborMap &params) const
{
    const QByteArray only = textIn(params, "section");
    const QByteArray after = textIn(params, "after");
    qint64 left = params.value(u"limit"_s).toInteger(10'000);
    qsizetype bytes = getBytesMax;
    bool isBehind = after.isEmpty();
    QByteArray last;
    QCborArray sections;
    for (const config::Section &section : layer.sections) {
        if (!only.isEmpty() && section.name != only)
            continue;
        QCborArray keys;
        for (const config::Key &key : section.keys) {
            const QByteArray place = section.name + '/' + key.name;
            if (isBehind && (left-- <= 0 || bytes <= 0)) {
                addSection(sections, section, keys);
                answer.insert(u"sections"_s, sections);
                return last;
            }
            if (isBehind) {
                bytes -= key.value.text.size() + key.comment.size();
                keys.append(named(itemCbor(key).toMap(), "name", placeOf(section, key)));
            }
            last = place;
            isBehind = isBehind || place == after;
        }
        if (!keys.isEmpty() || section.keys.empty())
            addSection(sections, section, keys);
    }
    answer.insert(u"sections"_s, sections);
    return isBehind ? std::optional(QByteArray()) : std::nullopt;
}

void LayerWriter::writeFiles(QCborMap &answer, const config::Layer &layer) const
{
    QCborArray files;
    for (const config::File &file : layer.files)
        files.append(named(itemCbor(file).toMap(), "path", {Place::Kind::file, {}, file.path}));
    QCborArray outputs;
    for (const config::Output &output : layer.outputs)
        outputs.append(
            named(itemCbor(output).toMap(), "path", {Place::Kind::output, {}, output.path}));
    answer.insert(u"files"_s, files);
    answer.insert(u"outputs"_s, outputs);
}

void LayerWriter::writeTombstones(QCborMap &answer, const config::Layer &layer) const
{
    QCborArray tombstones;
    for (const auto &[place, tombstone] : layer.tombstones) {
        QCborMap map = placeCbor(place);
        map.insert(u"comment"_s, textOf(tombstone.comment));
        tombstones.append(map);
    }
    if (m_merged != nullptr) {
        for (const auto &[place, level] : m_merged->tombstones) {
            QCborMap map = placeCbor(place);
            map.insert(u"from"_s, nameOf(level));
            tombstones.append(map);
        }
    }
    if (!tombstones.isEmpty())
        answer.insert(u"tombstones"_s, tombstones);
}

QString LayerWriter::nameOf(std::size_t level) const { return textOf(m_stack.originOf(level)); }

QCborMap LayerWriter::named(QCborMap map, const char *member, const Place &place) const
{
    map.insert(QLatin1String(member), textOf(place.name));
    if (m_merged == nullptr)
        return map;
    const auto origin = m_merged->origins.find(place);
    map.insert(u"from"_s, nameOf(origin == m_merged->origins.end() ? 0 : origin->second));
    return map;
}

} // namespace coffer::goconf
