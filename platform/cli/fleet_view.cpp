// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet_view.h"

#include "cli/config_words.h"

#include <QCoroTimer>
#include <QElapsedTimer>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace coffer::cli {

static constexpr std::chrono::milliseconds askEvery{200};

void showFleetLine(Console &console, const QCborMap &row)
{
    const auto text = [&row](QLatin1StringView name) { return row.value(name).toString(); };
    const QString wanted = text("wanted"_L1);
    const QString has = text("has"_L1);
    QString line = u"%1 %2 %3 %4 %5"_s.arg(
        text("host"_L1).leftJustified(16), text("idc"_L1).leftJustified(8),
        text("service"_L1).leftJustified(12), text("state"_L1).leftJustified(11),
        has == wanted ? has : u"%1, wants %2"_s.arg(has.isEmpty() ? u"nothing"_s : has, wanted));
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
bool hasFailed(const QCborMap &row)
{
    const QString state = row.value("state"_L1).toString();
    return (state == "failed"_L1 || state == "rolledBack"_L1) && row.value("isTried"_L1).toBool();
}

Standing standingOf(const QCborArray &rows, const FleetWish &wish)
{
    Standing standing;
    for (const QCborValue value : rows) {
        const QCborMap row = value.toMap();
        const QCborValue idc = row.value("idc"_L1);
        if (!wish.idcs.isEmpty() && !wish.idcs.contains(idc))
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
        QCborMap params{{u"service"_s, service}};
        for (bool hasMore = true; hasMore;) {
            const rpc::Outcome outcome = co_await askSafely(console, u"goconf.fleet"_s, params);
            if (!outcome)
                co_return outcome;
            const QCborArray some = outcome->toMap().value("hosts"_L1).toArray();
            for (const QCborValue row : some)
                rows.append(row);
            hasMore = outcome->toMap().value("more"_L1).toBool() && !some.isEmpty();
            const QString last = some.last().toMap().value("host"_L1).toString();
            params.insert(u"after"_s, last + u'/' + service);
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

Task<int> awaitFleet(Console &console, FleetWish wish)
{
    QElapsedTimer since;
    since.start();
    for (;;) {
        const rpc::Outcome rows = co_await rowsOf(console, wish);
        if (!rows)
            co_return console.fail(rows.error());
        const Standing standing = standingOf(rows->toArray(), wish);
        const bool isOver = standing.waiting.empty() || since.hasExpired(wish.limit.count());
        if (isOver) {
            console.json(QCborMap{{u"healthy"_s, standing.healthy},
                                  {u"failed"_s, qint64(standing.failed.size())},
                                  {u"waiting"_s, qint64(standing.waiting.size())}});
            co_return judge(console, standing);
        }
        QTimer pause;
        pause.setSingleShot(true);
        pause.start(askEvery);
        co_await qCoro(pause).waitForTimeout();
    }
}

} // namespace coffer::cli
