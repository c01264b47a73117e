// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet_view.h"

#include "cli/config_words.h"

#include <QPointer>
#include <QTimer>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::cli {

using Time = std::chrono::steady_clock;

static constexpr std::chrono::milliseconds againAfter{200}; ///< Where a node could not tell.

static bool isFailure(const QCborMap &row)
{
    const QString state = row.value("state"_L1).toString();
    return state == "failed"_L1 || state == "rolledBack"_L1;
}

/// What is wanted besides the version of the service: "(global v3, host v9)".
static QString layersText(const QCborMap &row)
{
    QStringList texts;
    for (const auto &[name, word] :
         {std::pair("globalVersion"_L1, u"global "_s), std::pair("hostVersion"_L1, u"host "_s)}) {
        if (row.contains(name))
            texts.append(word + row.value(name).toString());
    }
    return texts.isEmpty() ? QString() : u" ("_s + texts.join(u", "_s) + u')';
}

void showFleetLine(Console &console, const QCborMap &row)
{
    const auto text = [&row](QLatin1StringView name) { return row.value(name).toString(); };
    const QString wanted = text("wanted"_L1);
    const QString has = text("has"_L1);
    const QString tried = text("tried"_L1);
    const bool isOfAnother =
        isFailure(row) && !tried.isEmpty() && !row.value("isTried"_L1).toBool();
    QString versions = has;
    if (isOfAnother)
        versions = u"%1, not %2, wants %3 (not tried yet)"_s.arg(has.isEmpty() ? u"nothing"_s : has,
                                                                 tried, wanted);
    else if (has != wanted)
        versions = u"%1, wants %2"_s.arg(has.isEmpty() ? u"nothing"_s : has, wanted);
    versions += layersText(row);
    QString line = u"%1 %2 %3 %4 %5"_s.arg(
        text("host"_L1).leftJustified(16), text("idc"_L1).leftJustified(8),
        text("service"_L1).leftJustified(12), text("state"_L1).leftJustified(11), versions);
    if (row.contains("since"_L1) && row.value("since"_L1).toInteger() > 0)
        line += u"  since "_s + timeText(row.value("since"_L1));
    console.line(line);
    if (const QString error = text("error"_L1); !error.isEmpty())
        console.line(u"    "_s + error);
}

namespace {

struct Standing
{
    std::vector<QCborMap> waiting; ///< Not there yet, and may still come.
    std::vector<QCborMap> failed;
    int healthy = 0;
};

bool isThere(const QCborMap &row)
{
    return row.value("state"_L1).toString() == "healthy"_L1
           && row.value("root"_L1) == row.value("wantedRoot"_L1);
}

/// A failure counts once it is about the wanted version.
bool hasFailed(const QCborMap &row) { return isFailure(row) && row.value("isTried"_L1).toBool(); }

Standing standingOf(const QCborArray &rows, const FleetWish &wish)
{
    Standing standing;
    for (const QCborValue value : rows) {
        const QCborMap row = value.toMap();
        const QCborValue idc = row.value("idc"_L1);
        if (!wish.idcs.isEmpty() && !wish.idcs.contains(idc))
            continue;
        if (!wish.hosts.isEmpty() && !wish.hosts.contains(row.value("host"_L1)))
            continue;
        if (isThere(row))
            ++standing.healthy;
        else if (hasFailed(row))
            standing.failed.push_back(row);
        else
            standing.waiting.push_back(row);
    }
    return standing;
}

} // namespace

/// What the hosts of all services say; a failure if one could not be asked.
static Task<rpc::Outcome> rowsOf(Console &console, FleetWish wish)
{
    QCborArray rows;
    for (const QString &service : wish.services) {
        QCborMap params;
        if (!service.isEmpty())
            params.insert(u"service"_s, service);
        for (bool hasMore = true; hasMore;) {
            const rpc::Outcome outcome = co_await askToRead(console, u"goconf.fleet"_s, params);
            if (!outcome)
                co_return outcome;
            const QCborArray some = outcome->toMap().value("hosts"_L1).toArray();
            for (const QCborValue row : some)
                rows.append(row);
            hasMore = outcome->toMap().value("more"_L1).toBool();
            if (some.isEmpty())
                break;
            const QCborMap last = some.last().toMap();
            params.insert(u"after"_s, last.value("host"_L1).toString() + u'/'
                                          + last.value("service"_L1).toString());
        }
    }
    co_return QCborValue(rows);
}

static int judge(Console &console, const Standing &standing)
{
    if (standing.failed.empty() && standing.waiting.empty()) {
        console.line(standing.healthy == 1 ? u"1 host has it"_s
                                           : u"%1 hosts have it"_s.arg(standing.healthy));
        return ok;
    }
    console.line(
        u"%1 of %2 hosts have it; %3 failed, %4 have not said so"_s.arg(standing.healthy)
            .arg(std::size_t(standing.healthy) + standing.failed.size() + standing.waiting.size())
            .arg(standing.failed.size())
            .arg(standing.waiting.size()));
    for (const QCborMap &row : standing.failed)
        showFleetLine(console, row);
    for (const QCborMap &row : standing.waiting)
        showFleetLine(console, row);
    return failure;
}

namespace {

/// What a node tells of how hosts follow, as its subscription and whoever waits share it.
struct Stream
{
    QCborMap stand = {};
    std::optional<rpc::Failure> why = {}; ///< It ended by this.
    bool isOver = false;
    std::optional<Eventual<bool>::Setter> reader = {};

    void wake()
    {
        if (const auto set = std::exchange(reader, {}))
            (*set)(true);
    }
};

void listen(client::Connection &on, qint64 id, const std::shared_ptr<Stream> &stream)
{
    on.listen(
        id,
        [stream](QByteArrayView event) {
            stream->stand = QCborValue::fromCbor(event.toByteArray()).toMap();
            stream->wake();
        },
        [stream](const std::optional<rpc::Failure> &why) {
            stream->why = why;
            stream->isOver = true;
            stream->wake();
        });
}

Eventual<bool> wait(std::chrono::milliseconds time, QObject *context)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the client ended"_s});
    QTimer::singleShot(time, context, [set = over.setter()] { set(true); });
    return over;
}

std::chrono::milliseconds left(Time::time_point until)
{
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(until - Time::now());
    return std::max(time, std::chrono::milliseconds(0));
}

void showProgress(Console &console, const QCborMap &stand)
{
    const auto number = [&stand](QLatin1StringView name) { return stand.value(name).toInteger(); };
    const qint64 total = number("total"_L1);
    const qint64 healthy = number("healthy"_L1);
    const qint64 waiting = number("waiting"_L1);
    console.progress(
        u"%1 of %2 hosts have it, %3 are on their way, %4 failed or are not there"_s.arg(healthy)
            .arg(total)
            .arg(waiting)
            .arg(total - healthy - waiting));
}

bool mayPass(const rpc::Failure &why)
{
    return why.isRetryable || why.code == rpc::Code::unavailable
           || why.code == rpc::Code::unknownOutcome;
}

} // namespace

/// One subscription: until nothing more is to be expected of any host, the time is over, or it ends
/// early; then the last stand says less. A failure if it could not be opened.
static Task<rpc::Outcome> followOnce(Console &console, QCborMap params, Time::time_point until)
{
    const std::chrono::milliseconds timeout = console.client().options().timeout;
    const auto connection = co_await console.client().connected(timeout);
    if (!connection)
        co_return connection.error();
    const QPointer<client::Connection> on(*connection);
    const QByteArray bytes = params.toCborValue().toCbor();
    Eventual<rpc::Outcome> answer = on->call(u"goconf.converge"_s, bytes, timeout);
    const Result<rpc::Outcome> outcome = co_await answer;
    if (!outcome)
        co_return rpc::Failure::of(outcome.error());
    if (!*outcome)
        co_return outcome->error();
    const auto stream = std::make_shared<Stream>();
    const qint64 id = rpc::decoded(**outcome).toMap().value("subscription"_L1).toInteger();
    if (!on)
        co_return QCborValue(stream->stand);
    listen(*on, id, stream);
    while (!stream->isOver && !stream->stand.value("isSettled"_L1).toBool()
           && left(until).count() > 0) {
        Eventual<bool> news({ErrorCode::unavailable, u"the client ended"_s});
        const Eventual<bool>::Setter set = news.setter();
        stream->reader = set;
        QTimer::singleShot(left(until), &console.client(), [set] { set(true); });
        const Result<bool> woken = co_await news;
        if (!woken)
            break;
        showProgress(console, stream->stand);
    }
    if (on) {
        on->forget(id);
        on->tell(u"rpc.unsubscribe"_s, {{u"subscription"_s, id}});
    }
    if (stream->why && !mayPass(*stream->why))
        co_return *stream->why;
    co_return QCborValue(stream->stand);
}

/// The last stand of a service; \a until is when that is.
static Task<rpc::Outcome> followService(Console &console, QCborMap params, Time::time_point until)
{
    for (;;) {
        const rpc::Outcome stand = co_await followOnce(console, params, until);
        const bool isOver = left(until).count() == 0;
        if (!stand && (isOver || !mayPass(stand.error())))
            co_return stand;
        if (stand && (isOver || stand->toMap().value("isSettled"_L1).toBool()))
            co_return stand;
        Eventual<bool> pause = wait(std::min(againAfter, left(until)), &console.client());
        const Result<bool> waited = co_await pause;
        if (!waited)
            co_return rpc::Failure::of(waited.error());
    }
}

Task<int> awaitFleet(Console &console, FleetWish wish)
{
    const Time::time_point until = Time::now() + wish.limit;
    qint64 healthy = 0;
    bool isDone = true;
    if (wish.isOfAllServices)
        wish.services = {QString()};
    for (const QString &service : wish.services) {
        QCborMap params{{u"idcs"_s, wish.idcs}};
        if (!service.isEmpty())
            params.insert(u"service"_s, service);
        if (!wish.release.isEmpty())
            params.insert(u"release"_s, wish.release);
        const rpc::Outcome stand = co_await followService(console, params, until);
        console.progress({});
        if (!stand)
            co_return console.fail(stand.error());
        healthy += stand->toMap().value("healthy"_L1).toInteger();
        isDone = isDone && stand->toMap().value("isDone"_L1).toBool();
    }
    Standing standing{.waiting = {}, .failed = {}, .healthy = int(healthy)};
    if (!isDone) { // The reasons of all.
        const rpc::Outcome rows = co_await rowsOf(console, wish);
        if (!rows)
            co_return console.fail(rows.error());
        standing = standingOf(rows->toArray(), wish);
    }
    console.json(QCborMap{{u"healthy"_s, standing.healthy},
                          {u"failed"_s, qint64(standing.failed.size())},
                          {u"waiting"_s, qint64(standing.waiting.size())}});
    co_return judge(console, standing);
}

} // namespace coffer::cli
