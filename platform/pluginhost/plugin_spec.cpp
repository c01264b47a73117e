// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_spec.h"

#include "rpc/schema.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

static constexpr int textMax = 256;
static constexpr int namesMax = 32;

namespace {

/// Names of methods that the node itself has.
bool isTaken(const QString &name)
{
    static const QStringList taken = {u"auth"_s,    u"backup"_s, u"cluster"_s, u"leader"_s,
                                      u"members"_s, u"node"_s,   u"plugins"_s, u"rpc"_s,
                                      u"session"_s, u"store"_s,  u"token"_s};
    return taken.contains(name);
}

/// Reads members, and remembers the first fault.
class Members
{
public:
    explicit Members(const QJsonObject &json) : m_json(json) {}

    QString text(const QString &name, const QString &isDefault = {})
    {
        const QJsonValue value = take(name);
        if (value.isUndefined())
            return isDefault;
        if (!value.isString() || value.toString().size() > textMax)
            fail(name, u"expected a text of at most %1 characters"_s.arg(textMax));
        return value.toString();
    }
    /// One word as names of plugins are.
    QString word(const QString &name, const QJsonValue &value)
    {
        static const QRegularExpression form(u"\\A[a-z][a-z0-9]{0,31}\\z"_s);
        const QString word = value.toString();
        if (!form.match(word).hasMatch())
            fail(name, u"'%1' is no name; expected a-z and 0-9, a letter first, at most 32"_s.arg(
                           word.left(64)));
        return word;
    }
    QString name(const QString &member) { return word(member, take(member)); }
    QStringList names(const QString &member)
    {
        const QJsonValue value = take(member);
        if (value.isUndefined())
            return {};
        const QJsonArray array = value.toArray();
        if (!value.isArray() || array.size() > namesMax)
            fail(member, u"expected an array of at most %1 names"_s.arg(namesMax));
        QStringList names;
        for (const QJsonValue one : array)
            names.append(word(member, one));
        return names;
    }
    QJsonValue take(const QString &name)
    {
        m_taken.append(name);
        return m_json.value(name);
    }
    void fail(const QString &name, const QString &rule)
    {
        if (!m_fault)
            m_fault = Error{ErrorCode::invalid, u"%1: %2"_s.arg(name, rule)};
    }
    std::optional<Error> finish()
    {
        for (const QString &key : m_json.keys()) {
            if (!m_taken.contains(key))
                fail(key.left(64), u"there is no such member"_s);
        }
        return m_fault;
    }

private:
    const QJsonObject &m_json;
    QStringList m_taken;
    std::optional<Error> m_fault;
};

} // namespace

Result<PluginSpec> PluginSpec::parse(const QJsonObject &json)
{
    Members members(json);
    PluginSpec spec;
    spec.name = members.name(u"name"_s);
    spec.version = members.text(u"version"_s);
    spec.summary = members.text(u"summary"_s);
    spec.needs = members.names(u"needs"_s);
    spec.provides = members.names(u"provides"_s);
    spec.fingerprint = members.text(u"fingerprint"_s);
    const QJsonValue settings = members.take(u"settings"_s);
    if (!settings.isUndefined()) {
        spec.settings = QJsonDocument(settings.toObject()).toJson(QJsonDocument::Compact);
        const Result<rpc::Schema> schema = rpc::Schema::parse(spec.settings);
        if (!settings.isObject())
            members.fail(u"settings"_s, u"expected a JSON Schema"_s);
        else if (!schema)
            members.fail(u"settings"_s, schema.error().message);
    }
    for (const QString &name : spec.names()) {
        if (isTaken(name))
            members.fail(u"name"_s,
                         u"'%1' is a name of the node itself; choose another"_s.arg(name));
    }
    if (const std::optional<Error> fault = members.finish())
        return *fault;
    return spec;
}

QString ownFingerprint() { return QStringLiteral(COFFER_PLUGIN_FINGERPRINT); }

Result<void> checkFingerprint(const PluginSpec &spec)
{
    if (spec.fingerprint == ownFingerprint())
        return {};
    return Error{
        ErrorCode::refused,
        u"it was built for \"%1\", this program is \"%2\": rebuild against Coffer %3"_s.arg(
            spec.fingerprint, ownFingerprint(), QStringLiteral(COFFER_SDK_VERSION))};
}

} // namespace coffer::pluginhost
