// SPDX-License-Identifier: Apache-2.0
#include "node/store_schemas.h"

#include "store/limits.h"

#include <QMap>

namespace coffer::node::schemas {

namespace {

const QByteArray number = R"({"type":"integer","minimum":0})";
const QByteArray flag = R"({"type":"boolean"})";

QByteArray text(std::size_t bytesMax)
{
    return R"({"type":"string","maxLength":)" + QByteArray::number(qint64(bytesMax)) + "}";
}

QByteArray bytes()
{
    return R"({"type":"string","contentEncoding":"base64","maxLength":)"
           + QByteArray::number(qint64(limits::valueBytesMax)) + "}";
}

QByteArray member(const char *name, const QByteArray &schema)
{
    return '"' + QByteArray(name) + "\":" + schema;
}

QByteArray path(const char *name = "path") { return member(name, text(limits::pathBytesMax)); }

QByteArray list(const char *name, const QByteArray &item, std::size_t itemsMax)
{
    return member(name, R"({"type":"array","items":)" + item + R"(,"maxItems":)"
                            + QByteArray::number(qint64(itemsMax)) + "}");
}

QByteArray join(std::initializer_list<QByteArray> members)
{
    return QByteArrayList(members).join(',');
}

QByteArray numbers(std::initializer_list<const char *> names)
{
    QByteArrayList members;
    for (const char *name : names)
        members.append(member(name, number));
    return members.join(',');
}

/// An object that one of whose members says what it is.
QByteArray kindOf(const char *what, const char *name, const QByteArray &members,
                  const QByteArray &required)
{
    const QByteArray kind = member(what, R"({"const":")" + QByteArray(name) + "\"}");
    return object(members.isEmpty() ? kind : join({kind, members}),
                  '"' + QByteArray(what) + '"' + (required.isEmpty() ? "" : "," + required));
}

QByteArray freshness()
{
    return join({member("mode", R"({"type":"string","enum":["linearizable","session","local"]})"),
                 member("seen", number)});
}

QByteArray page()
{
    return join({member("after", text(limits::pathBytesMax + 1)),
                 member("limit", R"({"type":"integer","minimum":0,"maximum":4294967295})"),
                 member("detail", R"({"type":"string","enum":["values","keys","count"]})")});
}

QByteArray origin() { return numbers({"session", "sequence", "acknowledgedUpTo"}); }

QByteArray guard()
{
    const QByteArray revision = join({path(), member("revision", number)});
    const QByteArray both = R"("path","revision")";
    const char *one = R"("path")";
    return R"({"oneOf":[)"
           + join({kindOf("if", "revisionEquals", revision, both),
                   kindOf("if", "missing", path(), one),
                   kindOf("if", "createdEquals", revision, both),
                   kindOf("if", "valueEquals", join({path(), member("value", bytes())}),
                          R"("path","value")"),
                   kindOf("if", "sessionAlive", member("session", number), R"("session")"),
                   kindOf("if", "timeReached", member("timeMs", number), R"("timeMs")"),
                   kindOf("if", "revisionBelow", revision, both),
                   kindOf("if", "timeWithin", numbers({"timeMs", "distanceMs"}),
                          R"("timeMs","distanceMs")")})
           + "]}";
}

QByteArray putMembers()
{
    return join(
        {path(), member("value", bytes()), member("ephemeral", flag), member("lingerMs", number)});
}

QByteArray operation()
{
    const char *one = R"("path")";
    return R"({"oneOf":[)"
           + join({kindOf("do", "put", putMembers(), R"("path","value")"),
                   kindOf("do", "delete", path(), one), kindOf("do", "deleteTree", path(), one)})
           + "]}";
}

QByteArray versionMembers()
{
    return join({member("value", R"({"type":"string","contentEncoding":"base64"})"),
                 numbers({"revision", "created", "timeMs", "owner"})});
}

QByteArray event()
{
    return object(join({member("kind", R"({"type":"string","enum":["put","deleted"]})"), path(),
                        versionMembers(), member("previous", object(versionMembers())),
                        member("previousCut", flag)}),
                  R"("kind","path","revision")");
}

} // namespace

QByteArray object(const QByteArray &members, const QByteArray &required)
{
    return R"({"type":"object","properties":{)" + members + R"(},"required":[)" + required
           + R"(],"additionalProperties":false})";
}

QByteArray question(const QByteArray &method)
{
    const QByteArray revision = member("revision", number);
    const QMap<QByteArray, QByteArray> members{
        {"store.get", join({path(), revision})},
        {"store.stat", join({path(), revision})},
        {"store.list", join({path(), revision, page()})},
        {"store.entries", join({path(), revision, page()})},
        {"store.glob", join({path("pattern"), revision, page()})},
        {"store.range", join({member("from", text(limits::pathBytesMax + 1)),
                              member("to", text(limits::pathBytesMax + 1)), revision, page()})},
        {"session.get", sessionMember},
        {"session.list",
         join({member("after", number),
               member("limit", R"({"type":"integer","minimum":0,"maximum":4294967295})")})},
        {"store.figures", {}},
    };
    const QMap<QByteArray, QByteArray> required{{"store.glob", R"("pattern")"},
                                                {"session.get", R"("session")"},
                                                {"store.range", {}},
                                                {"session.list", {}},
                                                {"store.figures", {}}};
    const QByteArray own = members.value(method);
    return object(own.isEmpty() ? freshness() : join({own, freshness()}),
                  required.value(method, R"("path")"));
}

QByteArray commit()
{
    return object(
        join({list("guards", guard(), limits::transactionGuardsMax),
              list("operations", operation(), limits::transactionOperationsMax),
              list("otherwise", operation(), limits::transactionOperationsMax), origin()}));
}

QByteArray put()
{
    return object(join({putMembers(), member("expected", number), origin()}), R"("path","value")");
}

QByteArray remove()
{
    return object(join({path(), member("expected", number), member("tree", flag), origin()}),
                  R"("path")");
}

QByteArray history()
{
    return object(
        join({path("pattern"), numbers({"from", "upTo"}),
              member("limit", R"({"type":"integer","minimum":0,"maximum":)"
                                  + QByteArray::number(qint64(limits::listFilesMax)) + "}"),
              member("previous", flag), freshness()}),
        R"("pattern")");
}

QByteArray watch()
{
    return object(join({path("pattern"), member("from", number), member("previous", flag),
                        member("kinds", R"({"type":"string","enum":["all","puts","deletes"]})")}),
                  R"("pattern")");
}

QByteArray reply()
{
    const QByteArray file = object(
        join({path(), member("bytes", number), versionMembers(), member("heldUntilMs", number)}),
        R"("path","bytes","revision","created","timeMs")");
    const QByteArray entry =
        object(join({member("name", text(limits::segmentBytesMax)), member("directory", flag)}),
               R"("name","directory")");
    const QByteArray session =
        object(numbers({"session", "timeToLiveMs", "ephemerals", "outcomes"}));
    const QByteArray figures =
        object(numbers({"files", "versions", "liveBytes", "bytesMax", "sessions", "applyVersion"}));
    return object(join({member("status", R"({"type":"string","enum":["ok","notYet","compacted"]})"),
                        numbers({"revision", "floor", "timeMs", "at", "count"}),
                        list("files", file, limits::listFilesMax),
                        list("entries", entry, limits::listFilesMax),
                        list("sessions", session, limits::listFilesMax), member("more", flag),
                        member("resume", text(limits::pathBytesMax + 1)), member("alive", flag),
                        member("figures", figures)}),
                  R"("revision","floor","timeMs")");
}

QByteArray answer()
{
    return object(
        join({member("status", R"({"type":"string"})"), member("changed", flag),
              numbers({"revision", "failedGuard", "failedOperation", "found", "session"})}),
        R"("status","changed","revision")");
}

QByteArray events()
{
    return object(join({member("events", R"({"type":"array","items":)" + event() + "}"),
                        numbers({"progress", "compacted"}), member("more", flag)}));
}

} // namespace coffer::node::schemas
