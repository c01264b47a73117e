// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_wish.h"

#include "rpc/json.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

static Error unfit(const QString &why)
{
    return {ErrorCode::invalid, u"state of a plugin: "_s + why};
}

Result<PluginWish> PluginWish::parse(const QByteArray &json)
{
    if (json.size() > bytesMax)
        return unfit(u"larger than %1 bytes"_s.arg(bytesMax));
    if (const auto why = rpc::refuteJsonSize(json))
        return unfit(*why);
    const QJsonDocument document = QJsonDocument::fromJson(json);
    if (!document.isObject())
        return unfit(u"expected a JSON object"_s);
    PluginWish wish;
    const QJsonObject members = document.object();
    for (auto member = members.begin(); member != members.end(); ++member) {
        if (member.key() == "enabled"_L1 && member->isBool())
            wish.isEnabled = member->toBool();
        else if (member.key() == "settings"_L1 && member->isObject())
            wish.settings = QCborMap::fromJsonObject(member->toObject());
        else
            return unfit(u"'%1': expected enabled (true or false) and settings (an object)"_s.arg(
                member.key().left(64)));
    }
    return wish;
}

QByteArray PluginWish::toJson() const
{
    QJsonObject members{{u"enabled"_s, isEnabled}};
    if (!settings.isEmpty())
        members.insert(u"settings"_s, rpc::toJson(settings));
    return QJsonDocument(members).toJson(QJsonDocument::Compact);
}

} // namespace coffer::pluginhost
