// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_verbs.h"

#include <QCborArray>

#include <chrono>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using Kind = rpc::Access::Kind;

static QCborMap toCbor(const PluginReport &report)
{
    QCborMap map{{u"name"_s, report.spec.name},
                 {u"version"_s, report.spec.version},
                 {u"summary"_s, report.spec.summary},
                 {u"state"_s, nameOf(report.state)}};
    const auto insert = [&map](const QString &name, const QString &text) {
        if (!text.isEmpty())
            map.insert(name, text);
    };
    const auto insertAll = [&map](const QString &name, const QStringList &texts) {
        if (!texts.isEmpty())
            map.insert(name, QCborArray::fromStringList(texts));
    };
    insert(u"reason"_s, report.reason);
    insert(u"settingsFault"_s, report.settingsFault);
    insert(u"file"_s, report.spec.file);
    insertAll(u"needs"_s, report.spec.needs);
    insertAll(u"provides"_s, report.spec.provides);
    if (report.leaked > 0)
        map.insert(u"leaked"_s, report.leaked);
    return map;
}

Result<void> PluginVerbs::addTo(rpc::Registry &registry)
{
    using Member = Task (PluginVerbs::*)(rpc::Call &);
    const QByteArray plugin = R"({"type":"string","minLength":1,"maxLength":32})";
    const QByteArray one = R"({"type":"object","additionalProperties":false,"required":["plugin"],)"
                           R"("properties":{"plugin":)"
                           + plugin + "}}";
    const QByteArray both =
        R"({"type":"object","additionalProperties":false,"required":["plugin","settings"],)"
        R"("properties":{"settings":{"type":"object"},"plugin":)"
        + plugin + "}}";
    const QByteArray none = rpc::Method().params;
    const struct
    {
        QString name;
        QString summary;
        QByteArray params;
        Kind kind;
        Member member;
    } rows[] = {
        {u"plugins.list"_s, u"The plugins of this node, and how they are."_s, none, Kind::read,
         &PluginVerbs::list},
        {u"plugins.enable"_s, u"Lets a plugin run on all nodes; one that failed is tried again."_s,
         one, Kind::admin, &PluginVerbs::enable},
        {u"plugins.disable"_s, u"Stops a plugin on all nodes, and those that need it."_s, one,
         Kind::admin, &PluginVerbs::disable},
        {u"plugins.configure"_s, u"Replaces the settings that a plugin has on all nodes."_s, both,
         Kind::admin, &PluginVerbs::configure},
    };
    for (const auto &row : rows) {
        rpc::Method method;
        method.name = row.name;
        method.summary = row.summary;
        method.params = row.params;
        method.result = R"({"type":"object"})";
        method.access.kind = row.kind;
        method.deadline = std::chrono::seconds(30);
        auto added = registry.add(std::move(method), [this, member = row.member](rpc::Call &call) {
            return (this->*member)(call);
        });
        if (!added)
            return added.error();
        m_registrations.push_back(std::move(*added));
    }
    return {};
}

rpc::Outcome PluginVerbs::about(const QString &plugin) const
{
    const std::optional<PluginReport> report = m_host.reportOf(plugin);
    return QCborValue(report ? toCbor(*report) : QCborMap());
}

PluginVerbs::Task PluginVerbs::list(rpc::Call &)
{
    QCborArray plugins;
    for (const PluginReport &report : m_host.report())
        plugins.append(toCbor(report));
    co_return QCborValue(QCborMap{{u"plugins"_s, plugins}, {u"settled"_s, m_host.isSettled()}});
}

PluginVerbs::Task PluginVerbs::setEnabled(QString plugin, bool isEnabled)
{
    const Result<void> done = co_await m_host.setEnabled(plugin, isEnabled);
    if (!done)
        co_return done.error();
    co_return about(plugin);
}

PluginVerbs::Task PluginVerbs::enable(rpc::Call &call)
{
    return setEnabled(call.params.value("plugin"_L1).toString(), true);
}

PluginVerbs::Task PluginVerbs::disable(rpc::Call &call)
{
    return setEnabled(call.params.value("plugin"_L1).toString(), false);
}

PluginVerbs::Task PluginVerbs::configure(rpc::Call &call)
{
    const QString plugin = call.params.value("plugin"_L1).toString();
    const QCborMap settings = call.params.value("settings"_L1).toMap();
    const Result<void> done = co_await m_host.configure(plugin, settings);
    if (!done)
        co_return done.error();
    co_return about(plugin);
}

} // namespace coffer::pluginhost
