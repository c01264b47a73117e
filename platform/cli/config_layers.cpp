// SPDX-License-Identifier: Apache-2.0
#include "cli/config_layers.h"

#include "cli/config_words.h"
#include "config/change.h"
#include "config/directory.h"

#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace coffer::cli {

using Kind = config::Place::Kind;

static QString text(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

QString layerText(const QString &service, const QByteArray &scope)
{
    return scope == "_all" ? service : service + u'@' + text(scope);
}

/// \a map is what goconf.get shows of one item, \a name the member that has its name.
static Result<void> addItem(std::vector<config::Change> &changes, const config::Place &place,
                            QCborMap map, const QString &name)
{
    map.remove(name);
    map.remove(u"keys"_s);
    const QJsonObject item = map.toJsonObject();
    const bool isBare =
        place.kind == Kind::section && item.size() == 1 && item[u"comment"_s].toString().isEmpty();
    if (isBare)
        return {};
    const Result<config::Change> change = config::changeTo(config::jsonOf(place), item);
    if (!change)
        return Error{ErrorCode::corrupt,
                     u"%1: this coffer cannot read it, is it older than the node? %2"_s.arg(
                         text(place.shown()), change.error().message)};
    changes.push_back(*change);
    return {};
}

static Result<void> addSections(std::vector<config::Change> &changes, const QCborMap &page)
{
    for (const QCborValue value : page.value("sections"_L1).toArray()) {
        const QCborMap section = value.toMap();
        const QByteArray name = section.value("name"_L1).toString().toUtf8();
        Result<void> done = addItem(changes, {Kind::section, name, {}}, section, u"name"_s);
        for (const QCborValue entry : section.value("keys"_L1).toArray()) {
            const QByteArray key = entry.toMap().value("name"_L1).toString().toUtf8();
            if (done)
                done = addItem(changes, {Kind::key, name, key}, entry.toMap(), u"name"_s);
        }
        if (!done)
            return done;
    }
    return {};
}

/// \a shown as answers show places.
static config::Place placeOf(const QString &kind, const QByteArray &shown)
{
    if (kind == "section"_L1)
        return {Kind::section, shown, {}};
    if (kind == "key"_L1)
        return {Kind::key, shown.left(shown.indexOf('/')), shown.mid(shown.indexOf('/') + 1)};
    return {kind == "file"_L1 ? Kind::file : Kind::output, {}, shown};
}

/// What each page has, and so is taken from the last one.
static Result<void> addOthers(std::vector<config::Change> &changes, const QCborMap &page)
{
    for (const auto &[member, kind] :
         {std::pair("files", Kind::file), std::pair("outputs", Kind::output)}) {
        for (const QCborValue value : page.value(QLatin1String(member)).toArray()) {
            const QByteArray path = value.toMap().value("path"_L1).toString().toUtf8();
            if (Result<void> done = addItem(changes, {kind, {}, path}, value.toMap(), u"path"_s);
                !done)
                return done;
        }
    }
    for (const QCborValue value : page.value("tombstones"_L1).toArray()) {
        QCborMap map = value.toMap();
        const config::Place place =
            placeOf(map.take(u"kind"_s).toString(), map.value("place"_L1).toString().toUtf8());
        map.insert(u"tombstone"_s, true);
        if (Result<void> done = addItem(changes, place, map, u"place"_s); !done)
            return done;
    }
    return {};
}

Task<rpc::Answer<StoredLayer>> fetchLayer(Console &console, QCborMap view)
{
    StoredLayer stored;
    std::vector<config::Change> changes;
    view.insert(u"limit"_s, 5'000);
    for (;;) {
        const rpc::Outcome outcome = co_await askToRead(console, u"goconf.get"_s, view);
        if (!outcome)
            co_return outcome.error();
        const QCborMap page = outcome->toMap();
        stored.version = page.value("version"_L1).toString();
        Result<void> added = addSections(changes, page);
        const bool isLast = !page.contains("next"_L1);
        if (added && isLast)
            added = addOthers(changes, page);
        if (!added)
            co_return added.error();
        if (isLast)
            break;
        view.insert(u"after"_s, page.value("next"_L1));
        if (!view.contains("draft"_L1)) // all pages are of one version
            view.insert(u"version"_s, stored.version);
    }
    Result<config::Layer> layer = config::layerOf(std::move(changes));
    if (!layer)
        co_return layer.error();
    stored.layer = std::move(*layer);
    co_return stored;
}

Task<rpc::Outcome> findService(Console &console, QString service)
{
    const QCborMap params{{u"service"_s, service}};
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.service.list"_s, params);
    if (!outcome)
        co_return outcome;
    if (outcome->toMap().value("services"_L1).toArray().isEmpty()) {
        co_return rpc::Failure::of(
            rpc::Code::notFound,
            u"there is no service %1; `coffer config service create %1` makes it"_s.arg(service));
    }
    co_return outcome;
}

Task<rpc::Answer<std::map<QByteArray, QCborMap>>> findDrafts(Console &console, QString service,
                                                             QString draft)
{
    std::map<QByteArray, QCborMap> drafts;
    if (draft.isEmpty())
        co_return drafts;
    const QCborMap params{{u"service"_s, service}};
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.draft.list"_s, params);
    if (!outcome)
        co_return outcome.error();
    for (const QCborValue value : outcome->toMap().value("drafts"_L1).toArray()) {
        const QCborMap one = value.toMap();
        if (one.value("draft"_L1).toString() == draft)
            drafts.insert_or_assign(one.value("scope"_L1).toString().toUtf8(), one);
    }
    co_return drafts;
}

} // namespace coffer::cli
