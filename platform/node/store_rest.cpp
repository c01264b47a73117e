// SPDX-License-Identifier: Apache-2.0
#include "node/store_rest.h"

#include "rpc/json.h"

#include <QCborArray>
#include <QJsonObject>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using net::HttpRequest;
using net::HttpResponse;

static const QByteArray prefix = "/v1/store";

namespace {

HttpResponse invalid(const QString &why)
{
    return rpc::FrontDoor::responseOf(rpc::Failure::of(rpc::Code::invalidArgument, why));
}

QByteArray etagOf(const QCborMap &file)
{
    return '"' + QByteArray::number(file.value("revision"_L1).toInteger()) + '"';
}

/// The path of the store that is meant; "/" for the whole tree.
QString pathOf(const HttpRequest &request)
{
    const QString path = QString::fromUtf8(request.decodedPath().mid(prefix.size()));
    return path.isEmpty() ? u"/"_s : path;
}

/// The members of the query that are whole numbers, as parameters.
std::optional<HttpResponse> addNumbers(QCborMap &params, const HttpRequest &request,
                                       std::initializer_list<const char *> names)
{
    for (const char *name : names) {
        const std::optional<QByteArray> text = request.queryItem(name);
        if (!text)
            continue;
        bool isNumber = false;
        const qint64 number = text->toLongLong(&isNumber);
        if (!isNumber || number < 0)
            return invalid(u"%1: expected a whole number"_s.arg(QLatin1String(name)));
        params.insert(QLatin1String(name), number);
    }
    return {};
}

/// A misspelt condition must not be none.
std::optional<HttpResponse> unknownItem(const HttpRequest &request,
                                        std::initializer_list<QByteArrayView> known)
{
    const std::optional<QByteArray> item = request.itemBeyond(known);
    if (!item)
        return {};
    return invalid(u"%1: not known here; what a file is expected to be is said by If-Match"_s.arg(
        QString::fromUtf8(*item)));
}

void addTexts(QCborMap &params, const HttpRequest &request,
              std::initializer_list<const char *> names)
{
    for (const char *name : names) {
        if (const std::optional<QByteArray> text = request.queryItem(name))
            params.insert(QLatin1String(name), QString::fromUtf8(*text));
    }
}

/// What If-Match and If-None-Match expect the file to be.
std::optional<HttpResponse> addExpected(QCborMap &params, const HttpRequest &request)
{
    const QByteArray match = request.header("If-Match").trimmed();
    const QByteArray noneMatch = request.header("If-None-Match").trimmed();
    if (!match.isEmpty() && !noneMatch.isEmpty())
        return invalid(u"If-Match and If-None-Match cannot both be met"_s);
    if (!noneMatch.isEmpty()) {
        if (noneMatch != "*")
            return invalid(u"If-None-Match: expected * (the file is not there yet)"_s);
        params.insert(u"expected"_s, 0);
        return {};
    }
    if (match.isEmpty())
        return {};
    bool isNumber = false;
    const bool isQuoted = match.size() > 2 && match.startsWith('"') && match.endsWith('"');
    const qint64 revision =
        (isQuoted ? match.mid(1, match.size() - 2) : match).toLongLong(&isNumber);
    if (!isNumber || revision < 1)
        return invalid(u"If-Match: expected the ETag of the file, which is its revision"_s);
    params.insert(u"expected"_s, revision);
    return {};
}

} // namespace

Result<void> StoreRest::addRoutes()
{
    using Member = Task (StoreRest::*)(HttpRequest);
    const std::pair<const char *, Member> routes[] = {
        {"GET", &StoreRest::get}, {"PUT", &StoreRest::put}, {"DELETE", &StoreRest::remove}};
    for (const auto &[method, member] : routes) {
        auto route = m_router.add(method, prefix + "/*", [this, member = member](HttpRequest of) {
            return (this->*member)(std::move(of));
        });
        if (!route)
            return route.error();
        m_routes.push_back(std::move(*route));
    }
    return {};
}

StoreRest::Task StoreRest::get(HttpRequest request)
{
    if (request.queryItem("list"))
        co_return co_await list(std::move(request), u"store.list"_s);
    if (request.queryItem("entries"))
        co_return co_await list(std::move(request), u"store.entries"_s);
    if (request.queryItem("glob"))
        co_return co_await list(std::move(request), u"store.glob"_s);
    QCborMap params{{u"path"_s, pathOf(request)}};
    if (std::optional<HttpResponse> fault = unknownItem(request, {"revision", "seen", "mode"}))
        co_return *fault;
    if (std::optional<HttpResponse> fault = addNumbers(params, request, {"revision", "seen"}))
        co_return *fault;
    addTexts(params, request, {"mode"});
    const rpc::Outcome outcome = co_await m_door.call(request, u"store.get"_s, params);
    if (!outcome)
        co_return rpc::FrontDoor::responseOf(outcome.error());
    const QCborMap reply = outcome->toMap();
    const QByteArray revision = QByteArray::number(reply.value("revision"_L1).toInteger());
    const QCborArray files = reply.value("files"_L1).toArray();
    if (files.isEmpty()) {
        HttpResponse missing = rpc::FrontDoor::responseOf(rpc::Failure::of(
            rpc::Code::notFound,
            u"there is no file %1; ?list shows what lies below it"_s.arg(pathOf(request))));
        co_return std::move(missing).with("Coffer-Revision", revision);
    }
    const QCborMap file = files.first().toMap();
    const QByteArray etag = etagOf(file);
    HttpResponse response;
    response.status = request.statusFor(etag);
    if (response.status == 412) {
        co_return HttpResponse::error(
            412, u"CONFLICT"_s, u"If-Match: the file has the ETag "_s + QString::fromLatin1(etag));
    }
    response.contentType = "application/octet-stream";
    if (response.status == 200)
        response.body = file.value("value"_L1).toByteArray();
    response.headers = {
        {"ETag", etag},
        {"Coffer-Revision", revision},
        {"Coffer-Created", QByteArray::number(file.value("created"_L1).toInteger())}};
    co_return response;
}

StoreRest::Task StoreRest::list(HttpRequest request, QString method)
{
    QCborMap params;
    if (const std::optional<QByteArray> pattern = request.queryItem("glob"))
        params.insert(u"pattern"_s, QString::fromUtf8(*pattern));
    else
        params.insert(u"path"_s, pathOf(request));
    if (std::optional<HttpResponse> fault =
            unknownItem(request, {"list", "entries", "glob", "revision", "seen", "limit", "mode",
                                  "after", "detail"}))
        co_return *fault;
    if (std::optional<HttpResponse> fault =
            addNumbers(params, request, {"revision", "seen", "limit"}))
        co_return *fault;
    addTexts(params, request, {"mode", "after", "detail"});
    const rpc::Outcome outcome = co_await m_door.call(request, method, params);
    if (!outcome)
        co_return rpc::FrontDoor::responseOf(outcome.error());
    co_return HttpResponse::json(200, rpc::toJson(*outcome).toObject());
}

StoreRest::Task StoreRest::change(HttpRequest request, QString method, QCborMap params)
{
    const rpc::Outcome outcome = co_await m_door.call(request, method, params);
    if (!outcome) {
        HttpResponse response = rpc::FrontDoor::responseOf(outcome.error());
        if (outcome.error().code == rpc::Code::conflict)
            response.status = 412; // What If-Match expected is not so.
        co_return response;
    }
    HttpResponse response = HttpResponse::json(200, rpc::toJson(*outcome).toObject());
    if (method == "store.put"_L1) // what is deleted has none any more
        response.headers.emplace_back("ETag", etagOf(outcome->toMap()));
    co_return response;
}

StoreRest::Task StoreRest::put(HttpRequest request)
{
    QCborMap params{{u"path"_s, pathOf(request)}, {u"value"_s, request.body}};
    if (std::optional<HttpResponse> fault = unknownItem(request, {}))
        co_return *fault;
    if (std::optional<HttpResponse> fault = addExpected(params, request))
        co_return *fault;
    co_return co_await change(std::move(request), u"store.put"_s, params);
}

StoreRest::Task StoreRest::remove(HttpRequest request)
{
    QCborMap params{{u"path"_s, pathOf(request)}};
    if (std::optional<HttpResponse> fault = unknownItem(request, {"tree"}))
        co_return *fault;
    if (std::optional<HttpResponse> fault = addExpected(params, request))
        co_return *fault;
    if (request.queryItem("tree"))
        params.insert(u"tree"_s, true);
    co_return co_await change(std::move(request), u"store.delete"_s, params);
}

} // namespace coffer::node
