// SPDX-License-Identifier: Apache-2.0
#include "node/audit_log.h"

#include "node/access_control.h"
#include "node/log.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using Kind = rpc::Access::Kind;

static constexpr std::size_t pathsShown = 8;
static constexpr qsizetype pathBytesShown = 256;
static constexpr qsizetype textShown = 512;

// ---- the files

Result<std::unique_ptr<AuditLog>> AuditLog::open(AuditOptions options)
{
    if (!QDir().mkpath(options.directory))
        return Error{ErrorCode::io, u"%1 cannot be made"_s.arg(options.directory)};
    std::unique_ptr<AuditLog> log(new AuditLog(std::move(options)));
    QFile file(log->pathOf(0));
    if (!file.open(QIODevice::WriteOnly | QIODevice::Append))
        return Error{ErrorCode::io,
                     u"%1 cannot be written: %2"_s.arg(file.fileName(), file.errorString())};
    (void)file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    return log;
}

AuditLog::AuditLog(AuditOptions options) : m_options(std::move(options))
{
    m_thread = std::thread([this] { run(); });
}

AuditLog::~AuditLog()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_woken.notify_one();
    m_thread.join();
}

QString AuditLog::pathOf(int number) const
{
    return m_options.directory
           + (number == 0 ? u"/audit.jsonl"_s : u"/audit.%1.jsonl"_s.arg(number));
}

void AuditLog::write(QByteArray line)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_lines.size() >= m_options.linesMax) {
            ++m_dropped;
            return;
        }
        m_lines.push_back(std::move(line));
    }
    m_woken.notify_one();
}

std::uint64_t AuditLog::dropped() const
{
    const std::lock_guard lock(m_mutex);
    return m_dropped;
}

static QByteArray droppedLine(std::uint64_t count)
{
    const QJsonObject object{
        {u"time"_s, QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs)},
        {u"dropped"_s, qint64(count)}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

void AuditLog::run()
{
    std::uint64_t toldDropped = 0;
    std::unique_lock lock(m_mutex);
    while (!m_isEnding || !m_lines.empty()) {
        m_woken.wait(lock, [this] { return m_isEnding || !m_lines.empty(); });
        const auto lines = std::exchange(m_lines, {});
        const std::uint64_t missing = std::exchange(toldDropped, m_dropped);
        const std::uint64_t dropped = toldDropped - missing;
        lock.unlock();
        QByteArray bytes;
        for (const QByteArray &line : lines)
            bytes += line;
        if (dropped > 0)
            bytes += droppedLine(dropped);
        if (!bytes.isEmpty())
            append(bytes);
        lock.lock();
    }
}

void AuditLog::append(const QByteArray &bytes)
{
    QFile file(pathOf(0));
    if (file.size() > 0 && file.size() + bytes.size() > m_options.fileBytesMax)
        rotate();
    const bool isDone = file.open(QIODevice::WriteOnly | QIODevice::Append)
                        && file.write(bytes) == bytes.size() && file.flush();
    if (isDone)
        return;
    qCWarning(logNode).noquote() << "the audit cannot be written:" << file.errorString();
    const std::lock_guard lock(m_mutex);
    m_dropped += std::uint64_t(bytes.count('\n'));
}

void AuditLog::rotate()
{
    (void)QFile::remove(pathOf(m_options.filesMax - 1));
    for (int number = m_options.filesMax - 2; number >= 0; --number)
        (void)QFile::rename(pathOf(number), pathOf(number + 1));
    QFile file(pathOf(0));
    if (file.open(QIODevice::WriteOnly))
        (void)file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
}

// ---- the lines

bool isAudited(const rpc::Method &method, const rpc::Outcome &outcome)
{
    if (!outcome
        && (outcome.error().code == rpc::Code::denied
            || outcome.error().code == rpc::Code::unauthenticated))
        return true;
    const bool isChange = method.access.kind == Kind::write || method.access.kind == Kind::admin;
    return isChange && method.name != "session.keepAlive"_L1;
}

static void addPaths(QJsonObject &line, const rpc::Method &method, const rpc::Call &call)
{
    const std::vector<rpc::Touch> touches = AccessControl::touchesOf(method, call);
    QJsonArray paths;
    for (const rpc::Touch &touch : touches) {
        const QString path = QString::fromUtf8(touch.isTree ? touch.pattern + "/**" : touch.pattern)
                                 .left(pathBytesShown);
        if (!paths.contains(path) && std::size_t(paths.size()) < pathsShown)
            paths.append(path);
    }
    if (touches.empty())
        return;
    line[u"paths"_s] = paths;
    if (touches.size() > pathsShown)
        line[u"touched"_s] = qint64(touches.size());
}

/// Of changes of the cluster and its rules, which are small.
static void addParams(QJsonObject &line, const rpc::Call &call)
{
    QCborMap params = call.params;
    params.remove("token"_L1); // of auth.enable
    const QJsonObject object = params.toJsonObject();
    if (!object.isEmpty() && QJsonDocument(object).toJson(QJsonDocument::Compact).size() < 2048)
        line[u"params"_s] = object;
}

QByteArray auditLine(const rpc::Method &method, const rpc::Call &call, const rpc::Outcome &outcome,
                     WallMs now)
{
    QJsonObject line{
        {u"time"_s,
         QDateTime::fromMSecsSinceEpoch(now.count(), Qt::UTC).toString(Qt::ISODateWithMs)},
        {u"who"_s, call.caller.name.left(textShown)},
        {u"from"_s, call.caller.address},
        {u"method"_s, method.name},
    };
    if (method.access.kind == Kind::admin)
        addParams(line, call);
    // What could not be read has no paths that could be told.
    const bool isRead = !method.decode || call.decoded.has_value();
    if (isRead)
        addPaths(line, method, call);
    if (!call.traceparent.isEmpty())
        line[u"trace"_s] = QString::fromLatin1(call.traceparent);
    if (!outcome) {
        line[u"outcome"_s] = QString(rpc::nameOf(outcome.error().code));
        line[u"why"_s] = outcome.error().message.left(textShown);
    } else {
        const QCborMap map = rpc::decoded(*outcome).toMap();
        line[u"outcome"_s] = map.value("status"_L1).toString(u"ok"_s);
        if (map.value("revision"_L1).isInteger())
            line[u"revision"_s] = map.value("revision"_L1).toInteger();
    }
    return QJsonDocument(line).toJson(QJsonDocument::Compact) + '\n';
}

} // namespace coffer::node
