// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/goconf_stage.h"

#include "goconf/goconf_plugin.h"
#include "goconf/records.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

QString why(const rpc::Outcome &outcome)
{
    if (outcome)
        return u"(done)"_s;
    return QLatin1String(rpc::nameOf(outcome.error().code)) + u": "_s + outcome.error().message;
}

QCborMap target(const QString &service, const QString &scope)
{
    return {{u"service"_s, service}, {u"scope"_s, scope}};
}

QString textIn(const rpc::Outcome &outcome, const QString &member)
{
    return outcome ? outcome->toMap().value(member).toString() : why(outcome);
}

QCborMap setOf(const QString &key, const QString &value)
{
    return {{u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, key}, {u"value"_s, value}};
}

Result<void> GoconfStage::build(const std::vector<std::chrono::milliseconds> &skews)
{
    m_cluster.reset(); // one at a time
    m_cluster = std::make_unique<Cluster>();
    const auto make = [skews, shared = m_shared, made = std::size_t(0)]() mutable {
        const std::size_t node = made++ % 3; // they start in order
        return std::make_unique<staged::Plugin>(std::make_unique<goconf::GoconfPlugin>(),
                                                node < skews.size() ? skews[node] : 0ms, shared);
    };
    m_cluster->addPlugin(QStringLiteral(COFFER_PLUGIN_JSON), make);
    if (const Result<void> started = m_cluster->start(); !started)
        return started;
    const QCborMap output{
        {u"op"_s, u"output"_s}, {u"path"_s, u"shop.conf"_s}, {u"format"_s, u"goconf"_s}};
    for (const rpc::Outcome &done :
         {call(u"service.create"_s, {{u"service"_s, u"shop"_s}}),
          call(u"idc.create"_s, {{u"idc"_s, u"sh001"_s}}),
          call(u"idc.create"_s, {{u"idc"_s, u"bj001"_s}}),
          edit({output, setOf(u"timeout"_s, u"2s"_s)}), publish(u"first"_s)}) {
        if (!done)
            return Error{ErrorCode::refused, why(done)};
    }
    return {};
}

rpc::Outcome GoconfStage::edit(const QCborArray &edits, int node)
{
    return call(u"draft.edit"_s,
                {{u"service"_s, u"shop"_s}, {u"as"_s, u"ann"_s}, {u"edits"_s, edits}}, node);
}

void GoconfStage::trap(const QByteArray &path, const QString &method, const QCborMap &params)
{
    m_shared->path = path;
    m_shared->method = u"goconf."_s + method;
    m_shared->params = params;
    m_shared->outcome.reset();
}

std::optional<rpc::Outcome> GoconfStage::sprung() const { return m_shared->outcome; }

const std::map<QString, rpc::Method> &GoconfStage::methods() const { return m_shared->methods; }

std::vector<store::FileView> GoconfStage::allFiles()
{
    std::vector<store::FileView> files;
    store::List list{.path = "/config"};
    for (;;) {
        const store::Question question = list;
        const auto reply = m_cluster->await(m_cluster->store(1).read(question));
        if (!reply)
            return {};
        files.insert(files.end(), reply->files.begin(), reply->files.end());
        list.page.after = reply->resume;
        if (!reply->hasMore)
            return files;
    }
}

rpc::Outcome GoconfStage::call(const QString &method, const QCborMap &params, int node)
{
    return m_cluster->callAs(node, {u"anonymous"_s, {}, u"192.0.2.1:5"_s}, u"goconf."_s + method,
                             params);
}

rpc::Outcome GoconfStage::set(const QString &key, const QString &value, const QString &who,
                              const QString &scope)
{
    const QCborMap edit{
        {u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, key}, {u"value"_s, value}};
    return call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                  {u"scope"_s, scope},
                                  {u"as"_s, who},
                                  {u"edits"_s, QCborArray{edit}}});
}

rpc::Outcome GoconfStage::publish(const QString &message, QCborMap more)
{
    if (!more.contains(u"targets"_s))
        more.insert(u"targets"_s, QCborArray{QCborMap{{u"service"_s, u"shop"_s}}});
    more.insert(u"message"_s, message);
    return call(u"publish"_s, more);
}

QString GoconfStage::live(const QString &scope, const QString &service, int node)
{
    const rpc::Outcome all = call(u"service.list"_s, {}, node);
    if (!all)
        return why(all);
    for (const QCborValue one : all->toMap().value(u"services"_s).toArray()) {
        if (one.toMap().value(u"service"_s).toString() != service)
            continue;
        for (const QCborValue of : one.toMap().value(u"scopes"_s).toArray()) {
            if (of.toMap().value(u"scope"_s).toString() == scope)
                return of.toMap().value(u"current"_s).toString();
        }
    }
    return {};
}

QByteArray GoconfStage::stored(const QByteArray &path)
{
    const auto file = m_cluster->await(m_cluster->store(2).get(path));
    return file && *file ? (*file)->value : QByteArray();
}

qsizetype GoconfStage::releases(int node)
{
    const rpc::Outcome all = call(u"history"_s, {}, node);
    return all ? all->toMap().value(u"releases"_s).toArray().size() : -1;
}

bool GoconfStage::addHosts(int count, const QByteArray &idc)
{
    for (int i = 0; i < count; ++i) {
        const goconf::HostRecord host{idc, {"shop"}, {}, "", {"ann", WallMs(1)}, {}, WallMs(0), {}};
        const QByteArray path = "/config/_host/web-" + idc + QByteArray::number(i);
        if (!m_cluster->await(m_cluster->store(1).put(path, host.toJson())))
            return false;
    }
    return true;
}
