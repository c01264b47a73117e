// SPDX-License-Identifier: Apache-2.0
#include "unit/config/random_layers.h"

#include <QList>
#include <QRandomGenerator>
#include <QString>

#include <algorithm>
#include <set>

using namespace coffer::config;

namespace coffer::test {

static constexpr int namesMax = 6;

std::uint64_t layersSeed()
{
    bool isGiven = false;
    std::uint64_t seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isGiven);
    if (!isGiven)
        seed = QRandomGenerator::system()->generate();
    qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

static QByteArray numbered(const char *stem, int number)
{
    return stem + QByteArray::number(number);
}

QByteArray RandomLayers::text()
{
    static const QByteArrayList texts{
        "",      "a",    "two words",           " blanks ", "ä€😀", "\"quoted\"\\", "line\nline",
        "tab\t", "\x01", QByteArray("nu\0l", 4)};
    return texts[qsizetype(m_random.below(std::uint64_t(texts.size())))];
}

Value RandomLayers::value()
{
    const auto number = QByteArray::number(qint64(m_random.below(100'000)));
    const auto parsed = [](Type type, const QByteArray &as, std::vector<QByteArray> choices = {}) {
        return Value::parse(type, as, std::move(choices)).value();
    };
    switch (Type(1 + m_random.below(9))) {
    case Type::string: return parsed(Type::string, text());
    case Type::integer: return parsed(Type::integer, "-" + number);
    case Type::floating: return parsed(Type::floating, number + ".25");
    case Type::boolean: return parsed(Type::boolean, chance(50) ? "yes" : "0");
    case Type::duration: return parsed(Type::duration, number + "ms");
    case Type::size: return parsed(Type::size, number + "KB");
    case Type::enumeration: return parsed(Type::enumeration, "b", {"a", "b", number});
    case Type::list: return parsed(Type::list, number + ",b,,c d");
    case Type::json: break;
    }
    return parsed(Type::json, "{\"z\": [" + number + ", null], \"a\": \"\\u00e4\"}");
}

Key RandomLayers::key(int name)
{
    Key key{numbered("key", name), value(), chance(30) ? text() : QByteArray()};
    key.isFinal = m_hasMarks && chance(20);
    return key;
}

FileRights RandomLayers::rights()
{
    FileRights rights;
    rights.mode = chance(50) ? 0644 : 0600;
    rights.owner = chance(70) ? "" : "www-data";
    rights.group = chance(70) ? "" : "_shop";
    return rights;
}

File RandomLayers::file(int name)
{
    const QByteArray content = numbered("content ", int(m_random.below(5)));
    File file{numbered("conf.d/f", name), Hash::of(content), std::uint64_t(content.size()),
              rights()};
    file.isFinal = m_hasMarks && chance(20);
    return file;
}

Output RandomLayers::output(int name)
{
    Output output{
        numbered("out", name), formats[std::size_t(m_random.below(formats.size()))], {}, rights()};
    if (chance(50))
        output.sections = {"s1", "s0"};
    output.isFinal = m_hasMarks && chance(20);
    return output;
}

Layer RandomLayers::layer() { return changed({}); }

Layer RandomLayers::changed(const Layer &layer)
{
    Layer made;
    std::set<QByteArray> sections;
    const auto shuffle = [this](auto &all) {
        for (std::size_t i = all.size(); i > 1; --i)
            std::swap(all[i - 1], all[m_random.below(i)]);
    };
    for (int s = 0; s < namesMax; ++s) {
        const QByteArray name = numbered("s", s);
        const Section *old = layer.section(name);
        Section section{name, old != nullptr && chance(60) ? old->comment : text()};
        for (int k = 0; k < namesMax; ++k) {
            const Key *same = layer.key(name, numbered("key", k));
            if (same != nullptr && chance(60))
                section.keys.push_back(*same);
            else if (chance(40))
                section.keys.push_back(key(k));
        }
        shuffle(section.keys);
        if (!section.keys.empty())
            made.sections.push_back(section);
    }
    shuffle(made.sections);
    for (int f = 0; f < namesMax; ++f) {
        const File *same = layer.file(numbered("conf.d/f", f));
        if (same != nullptr && chance(60))
            made.files.push_back(*same);
        else if (chance(40))
            made.files.push_back(file(f));
        const Output *sameOutput = layer.output(numbered("out", f));
        if (sameOutput != nullptr && chance(60))
            made.outputs.push_back(*sameOutput);
        else if (chance(40))
            made.outputs.push_back(output(f));
    }
    if (m_hasMarks)
        addTombstones(made, layer);
    return made;
}

void RandomLayers::addTombstones(Layer &made, const Layer &old)
{
    const auto add = [&](const Place &place) {
        const Tombstone *same = old.tombstone(place);
        if (same != nullptr && chance(60))
            made.tombstones.emplace(place, *same);
        else if (chance(30))
            made.tombstones.emplace(place, Tombstone{chance(50) ? text() : QByteArray()});
    };
    for (int i = 0; i < namesMax; ++i) {
        const QByteArray section = numbered("s", i);
        const Section *there = made.section(section);
        if (there == nullptr || there->comment.isEmpty())
            add({Place::Kind::section, section, {}});
        for (int k = 0; k < namesMax; ++k) {
            const QByteArray key = numbered("key", k);
            if (made.key(section, key) == nullptr)
                add({Place::Kind::key, section, key});
        }
        const Place file{Place::Kind::file, {}, numbered("conf.d/f", i)};
        if (made.file(file.name) == nullptr)
            add(file);
        const Place output{Place::Kind::output, {}, numbered("out", i)};
        if (made.output(output.name) == nullptr)
            add(output);
    }
}

Layer inNameOrder(Layer layer)
{
    const auto byName = [](const auto &a, const auto &b) { return a.name < b.name; };
    std::sort(layer.sections.begin(), layer.sections.end(), byName);
    for (Section &section : layer.sections)
        std::sort(section.keys.begin(), section.keys.end(), byName);
    return layer;
}

Layer largeLayer(int keys)
{
    Layer layer;
    for (int i = 0; i < keys; ++i) {
        if (i % 1'000 == 0)
            layer.sections.push_back({numbered("section-", i / 1'000), "what it is for"});
        layer.sections.back().keys.push_back(
            {numbered("key-", i), Value{Type::string, numbered("value of some length ", i)},
             "why"});
    }
    return layer;
}

} // namespace coffer::test
