// SPDX-License-Identifier: Apache-2.0
#include "goconf/schema_check.h"

#include "config/document_json.h"

#include <QCborArray>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Fault;
using config::Hash;
using Faults = Verdicts::Faults;

// ---- schemas

Result<rpc::Schema> readSchema(const QByteArray &text)
{
    // Members that are there twice, levels, UTF-8: Qt's reader knows none of it.
    const Result<config::Value> json = config::Value::parse(config::Type::json, text);
    if (!json)
        return json.error();
    const Result<rpc::Schema> schema = rpc::Schema::parse(text, rpc::Schema::Of::documents);
    return schema;
}

// ---- verdicts

const Faults *Verdicts::find(const Hash &id) const
{
    const auto found = m_known.find(id);
    return found == m_known.end() ? nullptr : &found->second;
}

void Verdicts::keep(const Hash &id, const Faults &faults)
{
    if (!m_known.emplace(id, faults).second)
        return;
    m_order.push_back(id);
    if (m_order.size() > keptMax) {
        m_known.erase(m_order.front());
        m_order.pop_front();
    }
}

void Verdicts::keep(const Verdicts &others)
{
    for (const Hash &id : others.m_order)
        keep(id, others.m_known.at(id));
}

// ---- documents

/// Nothing if it is no JSON for Qt.
static std::optional<QCborValue> cborOf(const QByteArray &json)
{
    const QJsonDocument document = QJsonDocument::fromJson('[' + json + ']'); // any value
    if (document.array().size() != 1)
        return std::nullopt;
    return QCborValue::fromJsonValue(document.array().first());
}

static QString messageOf(const rpc::Schema::Fault &fault)
{
    return fault.about.isEmpty() ? fault.message : u"%1 (%2)"_s.arg(fault.message, fault.about);
}

/// "/server/port" of RFC 6901.
static QByteArray pointerOf(const QStringList &steps)
{
    QByteArray pointer;
    for (const QString &step : steps)
        pointer += '/' + step.toUtf8().replace('~', "~0").replace('/', "~1");
    return pointer;
}

/// What else there may be is said once, at \a place.
static void cut(Faults &faults, const QByteArray &place)
{
    if (faults.size() <= SchemaChecker::faultsMax)
        return;
    faults.resize(SchemaChecker::faultsMax);
    faults.push_back({place, u"and more: only the first %1 are named"_s.arg(faults.size())});
}

template<class Find>
Faults SchemaChecker::verdict(const Hash &id, const Find &find)
{
    ++m_documents;
    for (const Verdicts *verdicts : {&m_known, static_cast<const Verdicts *>(&m_made)}) {
        if (const Faults *known = verdicts->find(id))
            return *known;
    }
    const Faults faults = find();
    m_made.keep(id, faults);
    return faults;
}

static Hash idOf(const BoundSchema &schema, const char *form, const QByteArray &content)
{
    return Hash::of(schema.hash.hex() + ' ' + schema.path + ' ' + form + ' '
                    + Hash::of(content).hex());
}

// ---- keys

static Fault faultOfKeys(const rpc::Schema::Fault &fault, const config::Layer &effective)
{
    const QStringList &steps = fault.place;
    Fault told{{}, messageOf(fault)};
    if (steps.isEmpty())
        return told;
    told.place = steps.mid(0, 2).join(u'/').toUtf8();
    if (steps.size() > 2)
        told.place += '#' + pointerOf(steps.mid(2));
    const config::Key *key =
        steps.size() == 2 ? effective.key(steps[0].toUtf8(), steps[1].toUtf8()) : nullptr;
    if (key != nullptr && fault.isOfType)
        told.message += u"; its type is %1"_s.arg(QLatin1String(nameOf(key->value.type)));
    return told;
}

Faults SchemaChecker::checkKeys(const BoundSchema &schema, const config::Layer &effective)
{
    const QByteArray json = config::jsonOfSections(effective.sections);
    return verdict(idOf(schema, "keys", json), [&] {
        const std::optional<QCborValue> document = cborOf(json);
        if (!document)
            return Faults{{{}, u"the keys cannot be looked at as JSON: too large"_s}};
        Faults faults;
        for (const auto &fault : schema.schema.faults(*document, faultsMax + 1))
            faults.push_back(faultOfKeys(fault, effective));
        cut(faults, {});
        return faults;
    });
}

// ---- files

Faults SchemaChecker::checkFile(const BoundSchema &schema, config::Format format,
                                const QByteArray &bytes)
{
    return verdict(idOf(schema, nameOf(format).constData(), bytes), [&] {
        const Result<QByteArray> json = config::jsonOfText(format, bytes);
        if (!json) {
            return Faults{{schema.path, u"cannot be read as %1: %2"_s.arg(
                                            QLatin1String(nameOf(format)), json.error().message)}};
        }
        const std::optional<QCborValue> document = cborOf(*json);
        if (!document)
            return Faults{{schema.path, u"cannot be looked at as JSON: too large"_s}};
        Faults faults;
        for (const auto &fault : schema.schema.faults(*document, faultsMax + 1))
            faults.push_back({schema.path + '#' + pointerOf(fault.place), messageOf(fault)});
        cut(faults, schema.path);
        return faults;
    });
}

/// In which form a file is written: an output says so, a file by its ending.
static config::Format formatOf(const config::Layer &effective, const QByteArray &path)
{
    if (const config::Output *output = effective.output(path))
        return output->format;
    return config::formatOfPath(path).value_or(config::Format::goconf);
}

Faults SchemaChecker::check(const std::vector<BoundSchema> &schemas, const config::Layer &effective,
                            const config::Bundle &bundle)
{
    Faults all;
    for (const BoundSchema &schema : schemas) {
        Faults faults;
        const auto isMeant = [&schema](const config::BundleFile &file) {
            return file.path == schema.path;
        };
        const auto file = std::find_if(bundle.files.begin(), bundle.files.end(), isMeant);
        if (schema.path.isEmpty())
            faults = checkKeys(schema, effective);
        else if (file != bundle.files.end())
            faults = checkFile(schema, formatOf(effective, schema.path), file->bytes);
        all.insert(all.end(), faults.begin(), faults.end());
    }
    return all;
}

} // namespace coffer::goconf
