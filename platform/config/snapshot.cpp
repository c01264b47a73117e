// SPDX-License-Identifier: Apache-2.0
#include "config/snapshot.h"

#include "config/cbor_items_p.h"
#include "config/change.h"
#include "config/layer_index_p.h"
#include "config/limits.h"

#include <QSet>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

// What is stored; docs/formats/goconf.md.
constexpr std::size_t manifestItems = 2; ///< Version of the format, hashes of the parts.
constexpr std::uint64_t layerVersion = 1;
enum Row : std::uint8_t {
    sectionRow = 1,
    keyRow = 2,
    fileRow = 3,
    outputRow = 4,
    tombstoneRow = 5
};
constexpr std::size_t sectionItems = 3;
constexpr std::size_t keyItems = 6;
constexpr std::size_t fileItems = 7;
constexpr std::size_t outputItems = 7;
constexpr std::size_t tombstoneItems = 5;
constexpr std::uint64_t finalMark = 1; ///< One item more, at the end of what is final.
constexpr int partBytesLog = 15;       ///< A part has about 32 KiB.

Error fault(const QString &why) { return {ErrorCode::invalid, why}; }

Error damaged(const QString &why) { return fault(u"damaged configuration: "_s + why); }

/// FNV-1a with a last round of mixing: which rows begin a part. Never changes.
std::uint64_t mark(const Place &place)
{
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto add = [&hash](QByteArrayView bytes) {
        for (const char c : bytes)
            hash = (hash ^ std::uint8_t(c)) * 0x100000001b3ULL;
        hash = (hash ^ 0xFF) * 0x100000001b3ULL;
    };
    add(place.section);
    add(place.name);
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
    return hash ^ (hash >> 31);
}

QByteArray rowOf(const Section &section)
{
    CborWriter writer;
    writer.array(sectionItems);
    writer.number(sectionRow);
    writer.text(section.name);
    writer.text(section.comment);
    return writer.take();
}

void beginRow(CborWriter &writer, std::size_t items, bool isFinal)
{
    writer.array(items + (isFinal ? 1 : 0));
}

void endRow(CborWriter &writer, bool isFinal)
{
    if (isFinal)
        writer.number(finalMark);
}

QByteArray rowOf(const Key &key)
{
    CborWriter writer;
    beginRow(writer, keyItems, key.isFinal);
    writer.number(keyRow);
    writer.text(key.name);
    writer.number(std::uint64_t(key.value.type));
    writer.text(key.value.text);
    writer.array(key.value.choices.size());
    for (const QByteArray &choice : key.value.choices)
        writer.text(choice);
    writer.text(key.comment);
    endRow(writer, key.isFinal);
    return writer.take();
}

void write(CborWriter &writer, const FileRights &rights)
{
    writer.number(rights.mode);
    writer.text(rights.owner);
    writer.text(rights.group);
}

QByteArray rowOf(const File &file)
{
    CborWriter writer;
    beginRow(writer, fileItems, file.isFinal);
    writer.number(fileRow);
    writer.text(file.path);
    writer.bytes(file.content.bytes());
    writer.number(file.bytes);
    write(writer, file.rights);
    endRow(writer, file.isFinal);
    return writer.take();
}

QByteArray rowOf(const Output &output)
{
    CborWriter writer;
    beginRow(writer, outputItems, output.isFinal);
    writer.number(outputRow);
    writer.text(output.path);
    writer.number(std::uint64_t(output.format));
    writer.array(output.sections.size());
    for (const QByteArray &section : output.sections)
        writer.text(section);
    write(writer, output.rights);
    endRow(writer, output.isFinal);
    return writer.take();
}

using Grave = std::pair<const Place, Tombstone>;

QByteArray rowOf(const Grave &grave)
{
    const auto &[place, tombstone] = grave;
    CborWriter writer;
    writer.array(tombstoneItems);
    writer.number(tombstoneRow);
    writer.number(std::uint64_t(place.kind));
    writer.text(place.section);
    writer.text(place.name);
    writer.text(tombstone.comment);
    return writer.take();
}

/// Where a tombstone is, there is nothing else.
Result<void> checkGraves(const Layer &layer)
{
    if (layer.tombstones.empty())
        return {};
    QSet<QByteArray> commented;
    for (const Section &section : layer.sections) {
        if (!section.comment.isEmpty())
            commented.insert(section.name);
    }
    const LayerIndex index(layer);
    const auto isTaken = [&](const Place &place) {
        if (place.kind == Place::Kind::section)
            return commented.contains(place.section);
        if (place.kind == Place::Kind::key)
            return index.key(place.section, place.name) != nullptr;
        return index.file(place.name) != nullptr || index.output(place.name) != nullptr
               || layer.tombstone(sibling(place)) != nullptr;
    };
    for (const auto &[place, tombstone] : layer.tombstones) {
        if (isTaken(place))
            return fault(
                u"%1 is a tombstone, and there too"_s.arg(QString::fromUtf8(place.shown())));
    }
    return {};
}

/// Holds what makes rows a layer: names that differ, order of files, limits.
class LayerRules
{
public:
    Result<void> add(const Section &section)
    {
        if (m_sections.contains(section.name))
            return fault(u"section %1 is there twice"_s.arg(QString::fromUtf8(section.name)));
        m_sections.insert(section.name);
        m_keys.clear();
        m_section = section.name;
        if (std::size_t(m_sections.size()) > limits::keysMax)
            return fault(u"expected at most %1 sections"_s.arg(limits::keysMax));
        const Result<void> head = check(sectionPlace(), SectionHead{section.comment});
        return head;
    }
    Result<void> add(const Key &key)
    {
        const Place place = placeOf(key);
        if (m_sections.isEmpty())
            return fault(u"key %1 has no section"_s.arg(QString::fromUtf8(key.name)));
        if (m_keys.contains(key.name))
            return fault(u"key %1 is there twice"_s.arg(QString::fromUtf8(place.shown())));
        m_keys.insert(key.name);
        if (++m_keyCount > limits::keysMax)
            return fault(u"expected at most %1 keys"_s.arg(limits::keysMax));
        return check(place, key);
    }
    Result<void> add(const File &file) { return addPath(placeOf(file), file, m_lastFile); }
    Result<void> add(const Output &output)
    {
        return addPath(placeOf(output), output, m_lastOutput);
    }
    Result<void> add(const Grave &grave)
    {
        const auto &[place, tombstone] = grave;
        if (m_lastGrave && !(*m_lastGrave < place))
            return fault(
                u"tombstone %1 is not in its order"_s.arg(QString::fromUtf8(place.shown())));
        m_lastGrave = place;
        if (place.isPath() ? !place.section.isEmpty()
                           : place.kind == Place::Kind::section && !place.name.isEmpty())
            return fault(u"a tombstone whose place has a part too many"_s);
        if (++m_graves > limits::tombstonesMax)
            return fault(u"expected at most %1 tombstones"_s.arg(limits::tombstonesMax));
        return check(place, tombstone);
    }
    Result<void> addBytes(std::size_t bytes)
    {
        m_bytes += bytes;
        if (m_bytes > limits::serviceBytesMax)
            return fault(u"expected at most %1 bytes"_s.arg(limits::serviceBytesMax));
        return {};
    }

    [[nodiscard]] Place placeOf(const Section &) const { return sectionPlace(); }
    [[nodiscard]] Place placeOf(const Key &key) const
    {
        return {Place::Kind::key, m_section, key.name};
    }
    [[nodiscard]] Place placeOf(const File &file) const
    {
        return {Place::Kind::file, {}, file.path};
    }
    [[nodiscard]] Place placeOf(const Output &output) const
    {
        return {Place::Kind::output, {}, output.path};
    }
    [[nodiscard]] Place placeOf(const Grave &grave) const { return grave.first; }

private:
    [[nodiscard]] Place sectionPlace() const { return {Place::Kind::section, m_section, {}}; }
    Result<void> addPath(const Place &place, const Item &item, QByteArray &last)
    {
        const QString shown = QString::fromUtf8(place.name);
        if (!last.isNull() && place.name <= last)
            return fault(u"%1 is not in the order of paths"_s.arg(shown));
        last = place.name;
        if (m_paths.contains(place.name))
            return fault(u"%1 is a file and an output"_s.arg(shown));
        m_paths.insert(place.name);
        if (std::size_t(m_paths.size()) > limits::filesMax)
            return fault(u"expected at most %1 files and outputs"_s.arg(limits::filesMax));
        return check(place, item);
    }

    QSet<QByteArray> m_sections;
    QByteArray m_section;
    QSet<QByteArray> m_keys; ///< Of the section.
    QSet<QByteArray> m_paths;
    QByteArray m_lastFile;
    QByteArray m_lastOutput;
    std::optional<Place> m_lastGrave;
    std::size_t m_keyCount = 0;
    std::size_t m_graves = 0;
    std::size_t m_bytes = 0;
};

/// Puts rows into parts. Whether a row begins one depends on the row alone, and large rows do so
/// more often; a part that would become too large ends before.
class PartWriter
{
public:
    template<class T>
    Result<void> add(const T &item)
    {
        if (const Result<void> checked = m_rules.add(item); !checked)
            return checked;
        const QByteArray row = rowOf(item);
        const auto bytes = std::uint64_t(row.size());
        if (const Result<void> checked = m_rules.addBytes(bytes); !checked)
            return checked;
        const bool isMarked = mark(m_rules.placeOf(item)) >> 32 < bytes << (32 - partBytesLog);
        constexpr qsizetype headBytesMax = 9;
        if (isMarked
            || std::size_t(m_rows.size() + row.size() + headBytesMax) > limits::chunkBytesMax)
            end();
        m_rows += row;
        ++m_count;
        return {};
    }

    void end()
    {
        if (m_count == 0)
            return;
        CborWriter writer;
        writer.array(m_count);
        writer.append(m_rows);
        const QByteArray bytes = writer.take();
        m_parts.push_back({Hash::of(bytes), bytes});
        m_rows.clear();
        m_count = 0;
    }

    [[nodiscard]] std::vector<Object> take() { return std::move(m_parts); }

private:
    LayerRules m_rules;
    QByteArray m_rows;
    std::size_t m_count = 0;
    std::vector<Object> m_parts;
};

template<class All>
Result<void> addAll(PartWriter &writer, const All &all)
{
    for (const auto &one : all) {
        if (const Result<void> added = writer.add(one); !added)
            return added;
    }
    return {};
}

Result<void> addLayer(PartWriter &writer, const Layer &layer)
{
    for (const Section &section : layer.sections) {
        if (const Result<void> added = writer.add(section); !added)
            return added;
        if (const Result<void> added = addAll(writer, section.keys); !added)
            return added;
    }
    if (const Result<void> added = addAll(writer, layer.files); !added)
        return added;
    if (const Result<void> added = addAll(writer, layer.outputs); !added)
        return added;
    if (const Result<void> added = addAll(writer, layer.tombstones); !added)
        return added;
    return checkGraves(layer);
}

/// Puts the rows of parts together again.
class PartReader
{
public:
    Result<void> add(const QByteArray &part)
    {
        if (const Result<void> checked = m_rules.addBytes(std::size_t(part.size())); !checked)
            return checked;
        CborReader reader(part);
        const std::size_t count = reader.array();
        for (std::size_t i = 0; i < count; ++i) {
            if (const Result<void> read = row(reader); !read)
                return read;
        }
        if (!reader.isGood() || !reader.isAtEnd() || count == 0)
            return fault(u"a part that is empty or no canonical CBOR"_s);
        return {};
    }

    [[nodiscard]] Result<Layer> take()
    {
        if (const Result<void> checked = checkGraves(m_layer); !checked)
            return damaged(checked.error().message);
        return std::move(m_layer);
    }

private:
    Result<void> row(CborReader &reader)
    {
        const std::size_t items = reader.array();
        const std::uint64_t kind = reader.number();
        // Sections, then files, then outputs, then tombstones.
        const std::uint64_t stage = kind == keyRow ? std::uint64_t(sectionRow) : kind;
        if (stage < m_stage)
            return fault(u"rows in another order than sections, files, outputs, tombstones"_s);
        m_stage = stage;
        if (kind == sectionRow && items == sectionItems)
            return readSection(reader);
        if (kind == keyRow && (items == keyItems || items == keyItems + 1))
            return readKey(reader, items > keyItems);
        if (kind == fileRow && (items == fileItems || items == fileItems + 1))
            return readFile(reader, items > fileItems);
        if (kind == outputRow && (items == outputItems || items == outputItems + 1))
            return readOutput(reader, items > outputItems);
        if (kind == tombstoneRow && items == tombstoneItems)
            return readTombstone(reader);
        return fault(u"a row of no kind that is known"_s);
    }

    static Result<void> endOf(const CborReader &reader)
    {
        return reader.isGood()
                   ? Result<void>()
                   : Result<void>(fault(u"a part ends early or is no canonical CBOR"_s));
    }

    template<class T>
    Result<void> keep(const CborReader &reader, std::vector<T> &all, T one)
    {
        if (const Result<void> ended = endOf(reader); !ended)
            return ended;
        if (const Result<void> added = m_rules.add(one); !added)
            return added;
        all.push_back(std::move(one));
        return {};
    }

    Result<void> readSection(CborReader &reader)
    {
        Section section;
        section.name = reader.text().toByteArray();
        section.comment = reader.text().toByteArray();
        return keep(reader, m_layer.sections, std::move(section));
    }

    /// What a row of something final ends with.
    template<class T>
    Result<void> keepMarked(CborReader &reader, std::vector<T> &all, T one, bool isMarked)
    {
        one.isFinal = isMarked;
        if (isMarked && reader.number() != finalMark)
            return fault(u"a mark that is not known"_s);
        return keep(reader, all, std::move(one));
    }

    Result<void> readKey(CborReader &reader, bool isMarked)
    {
        Key key;
        key.name = reader.text().toByteArray();
        const std::uint64_t type = reader.number();
        if (type > std::uint64_t(Type::json))
            return fault(u"a type that is not known"_s);
        key.value.type = Type(type);
        key.value.text = reader.text().toByteArray();
        key.value.choices = texts(reader);
        key.comment = reader.text().toByteArray();
        if (m_layer.sections.empty())
            return fault(u"a key without a section"_s);
        return keepMarked(reader, m_layer.sections.back().keys, std::move(key), isMarked);
    }

    Result<void> readFile(CborReader &reader, bool isMarked)
    {
        File file;
        file.path = reader.text().toByteArray();
        file.content = Hash::fromBytes(reader.bytes()).value_or(Hash());
        file.bytes = reader.number();
        file.rights = rights(reader);
        return keepMarked(reader, m_layer.files, std::move(file), isMarked);
    }

    Result<void> readOutput(CborReader &reader, bool isMarked)
    {
        Output output;
        output.path = reader.text().toByteArray();
        const std::uint64_t format = reader.number();
        output.format = Format(format > std::uint64_t(formats.back()) ? 0 : format);
        output.sections = texts(reader);
        output.rights = rights(reader);
        return keepMarked(reader, m_layer.outputs, std::move(output), isMarked);
    }

    Result<void> readTombstone(CborReader &reader)
    {
        const std::uint64_t kind = reader.number();
        if (kind > std::uint64_t(Place::Kind::output))
            return fault(u"a tombstone of a kind that is not known"_s);
        Place place{Place::Kind(kind), reader.text().toByteArray(), {}};
        place.name = reader.text().toByteArray();
        const Tombstone tombstone{reader.text().toByteArray()};
        if (const Result<void> ended = endOf(reader); !ended)
            return ended;
        if (const Result<void> added = m_rules.add(Grave(place, tombstone)); !added)
            return added;
        m_layer.tombstones.emplace(place, tombstone);
        return {};
    }

    static FileRights rights(CborReader &reader)
    {
        FileRights rights;
        rights.mode = std::uint16_t(std::min<std::uint64_t>(reader.number(), UINT16_MAX));
        rights.owner = reader.text().toByteArray();
        rights.group = reader.text().toByteArray();
        return rights;
    }

    static std::vector<QByteArray> texts(CborReader &reader)
    {
        std::vector<QByteArray> texts;
        const std::size_t count = reader.array();
        for (std::size_t i = 0; i < count && reader.isGood(); ++i)
            texts.push_back(reader.text().toByteArray());
        return texts;
    }

    LayerRules m_rules;
    Layer m_layer;
    std::uint64_t m_stage = sectionRow;
};

} // namespace

Result<EncodedLayer> encode(const Layer &layer)
{
    PartWriter parts;
    if (const Result<void> added = addLayer(parts, layer); !added)
        return added.error();
    parts.end();
    EncodedLayer encoded;
    encoded.parts = parts.take();
    CborWriter manifest;
    manifest.array(manifestItems);
    manifest.number(layerVersion);
    manifest.array(encoded.parts.size());
    for (const Object &part : encoded.parts)
        manifest.bytes(part.hash.bytes());
    encoded.manifest.bytes = manifest.take();
    encoded.manifest.hash = Hash::of(encoded.manifest.bytes);
    if (std::size_t(encoded.manifest.bytes.size()) > limits::chunkBytesMax)
        return fault(
            u"%1 parts are too many: keep large values in files"_s.arg(encoded.parts.size()));
    return encoded;
}

Result<std::vector<Hash>> partsOf(const QByteArray &manifest)
{
    if (std::size_t(manifest.size()) > limits::chunkBytesMax)
        return damaged(u"a manifest of %1 bytes"_s.arg(manifest.size()));
    CborReader reader(manifest);
    if (reader.array() != manifestItems || reader.number() != layerVersion)
        return damaged(u"the bytes do not begin as a manifest of version 1"_s);
    std::vector<Hash> parts;
    const std::size_t count = reader.array();
    for (std::size_t i = 0; i < count; ++i) {
        const std::optional<Hash> hash = Hash::fromBytes(reader.bytes());
        if (!hash)
            return damaged(u"a hash in its manifest has not 32 bytes"_s);
        parts.push_back(*hash);
    }
    if (!reader.isGood() || !reader.isAtEnd())
        return damaged(u"its manifest ends early, or bytes follow it"_s);
    return parts;
}

Result<Layer> decodeLayer(const QByteArray &manifest,
                          const std::function<Result<QByteArray>(const Hash &)> &part)
{
    const Result<std::vector<Hash>> hashes = partsOf(manifest);
    if (!hashes)
        return hashes.error();
    PartReader reader;
    for (const Hash &hash : *hashes) {
        const Result<QByteArray> bytes = part(hash);
        if (!bytes)
            return bytes.error();
        if (std::size_t(bytes->size()) > limits::chunkBytesMax || Hash::of(*bytes) != hash)
            return damaged(
                u"part %1 has other bytes than its hash says"_s.arg(QLatin1String(hash.brief())));
        if (const Result<void> added = reader.add(*bytes); !added)
            return damaged(added.error().message);
    }
    return reader.take();
}

std::vector<QByteArray> piecesOf(const QByteArray &bytes)
{
    std::vector<QByteArray> pieces;
    qsizetype at = 0;
    do {
        pieces.push_back(bytes.mid(at, qsizetype(limits::chunkBytesMax)));
        at += qsizetype(limits::chunkBytesMax);
    } while (at < bytes.size());
    return pieces;
}

} // namespace coffer::config
