// SPDX-License-Identifier: Apache-2.0
#include "node/settings.h"

#include "net/peer_address.h"
#include "node/setting_table.h"

#include <QCborArray>
#include <QDir>
#include <QFile>
#include <QHostAddress>

#include <CLI/CLI.hpp>
#include <toml.hpp>

#include <map>
#include <sstream>
#include <string>

namespace coffer::node {

static constexpr qint64 fileBytesMax = 1 << 20;
static const QString fileName = QStringLiteral("cofferd.toml");

static Leave wrong(const QString &place, const QString &why)
{
    return {2, QStringLiteral("%1: %2").arg(place, why)};
}

namespace {

/// One value on its way into the settings.
struct Given
{
    QString place; ///< For people: file and line, variable or flag.
    QString value;
};
using Values = std::map<QString, Given>; ///< By the name of the setting.

/// Reads cofferd.toml into values, the place of each with its line.
class TomlFile
{
public:
    explicit TomlFile(QString path) : m_path(std::move(path)) {}

    [[nodiscard]] std::optional<Leave> read(Values &values, Settings &settings)
    {
        QFile file(m_path);
        if (!file.open(QIODevice::ReadOnly))
            return wrong(m_path, QStringLiteral("cannot be read: %1").arg(file.errorString()));
        const QByteArray bytes = file.read(fileBytesMax + 1);
        if (bytes.size() > fileBytesMax)
            return wrong(m_path, QStringLiteral("is larger than 1 MiB"));
        try {
            std::istringstream stream(bytes.toStdString(), std::ios::binary);
            const toml::value root = toml::parse(stream, m_path.toStdString());
            for (const auto &[key, value] : root.as_table()) {
                const bool isPlugins = key == "plugins";
                if (auto leave = isPlugins ? takePlugins(value, values, settings)
                                           : take(QString::fromStdString(key), value, values))
                    return leave;
            }
        } catch (const toml::syntax_error &error) {
            return wrong(
                placeOf(error.location().line()),
                QStringLiteral("this is not TOML:\n%1").arg(QString::fromUtf8(error.what())));
        } catch (const std::exception &error) {
            return wrong(m_path, QString::fromUtf8(error.what()));
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] QString placeOf(std::size_t line) const
    {
        return QStringLiteral("%1:%2").arg(m_path).arg(line);
    }

    [[nodiscard]] std::optional<Leave> take(const QString &key, const toml::value &value,
                                            Values &values) const
    {
        const QString place = placeOf(value.location().line());
        bool isKnown = false;
        for (const SettingSpec &spec : settingTable())
            isKnown = isKnown || spec.name == key;
        if (!isKnown)
            return wrong(place, QStringLiteral("there is no setting \"%1\"; cofferd --help lists "
                                               "them")
                                    .arg(key));
        const auto text = textOf(value);
        if (!text)
            return wrong(place, QStringLiteral("%1: write a string, a whole number, or a list of "
                                               "strings")
                                    .arg(key));
        values[key] = {QStringLiteral("%1: %2").arg(place, key), *text};
        return std::nullopt;
    }

    /// [plugins]: the folder, and a table of settings for each plugin.
    [[nodiscard]] std::optional<Leave> takePlugins(const toml::value &value, Values &values,
                                                   Settings &settings) const
    {
        if (!value.is_table())
            return wrong(placeOf(value.location().line()),
                         QStringLiteral("plugins: write [plugins] with folder = \"DIR\", and "
                                        "[plugins.NAME] for the settings of a plugin"));
        for (const auto &[key, member] : value.as_table()) {
            const QString name = QString::fromStdString(key);
            const QString place = placeOf(member.location().line());
            if (key == "folder" && member.is_string()) {
                values[QStringLiteral("plugins")] = {
                    place, QString::fromStdString(member.as_string().str)};
                continue;
            }
            const std::optional<QCborValue> converted = toCbor(member, 0);
            if (!member.is_table() || !converted)
                return wrong(place, QStringLiteral("plugins.%1: expected a table of texts, "
                                                   "numbers, true, false, lists and tables")
                                        .arg(name));
            settings.pluginSettings[name] = converted->toMap();
        }
        return std::nullopt;
    }

    [[nodiscard]] static std::optional<QCborValue> toCbor(const toml::value &value, int depth)
    {
        static constexpr int depthMax = 16;
        if (value.is_string())
            return QCborValue(QString::fromStdString(value.as_string().str));
        if (value.is_integer())
            return QCborValue(qint64(value.as_integer()));
        if (value.is_boolean())
            return QCborValue(value.as_boolean());
        if (value.is_floating())
            return QCborValue(value.as_floating());
        if (depth > depthMax || (!value.is_array() && !value.is_table()))
            return std::nullopt;
        QCborMap map;
        QCborArray array;
        if (value.is_array()) {
            for (const toml::value &part : value.as_array()) {
                const auto item = toCbor(part, depth + 1);
                if (!item)
                    return std::nullopt;
                array.append(*item);
            }
            return QCborValue(array);
        }
        for (const auto &[key, part] : value.as_table()) {
            const auto item = toCbor(part, depth + 1);
            if (!item)
                return std::nullopt;
            map.insert(QString::fromStdString(key), *item);
        }
        return QCborValue(map);
    }

    [[nodiscard]] static std::optional<QString> textOf(const toml::value &value)
    {
        if (value.is_string())
            return QString::fromStdString(value.as_string().str);
        if (value.is_integer())
            return QString::number(value.as_integer());
        if (!value.is_array())
            return std::nullopt;
        QStringList parts;
        for (const toml::value &part : value.as_array()) {
            if (!part.is_string())
                return std::nullopt;
            parts.append(QString::fromStdString(part.as_string().str));
        }
        return parts.join(QLatin1Char(','));
    }

    QString m_path;
};

/// The flags of the command line, each a setting, and --config.
class CommandLine
{
public:
    CommandLine()
    {
        m_app.set_version_flag("--version", COFFER_VERSION);
        m_app.add_option("--config", m_config,
                         "A file of settings. Default: cofferd.toml in the data directory, if it "
                         "is there [COFFER_CONFIG]");
        for (const SettingSpec &spec : settingTable()) {
            const QString isDefault = spec.defaultText.isEmpty()
                                          ? QString()
                                          : QStringLiteral(" (default %1)").arg(spec.defaultText);
            const QString what =
                QStringLiteral("%1%2 [%3]").arg(spec.what, isDefault, spec.variable());
            m_app.add_option("--" + spec.name.toStdString(), m_texts[spec.name],
                             what.toStdString());
        }
        m_app.footer("A setting of the file has the name of its flag without the dashes:\n"
                     "heartbeat-ms = 20. The environment outweighs the file, and the flags both.\n"
                     "Ends with 0 after it was asked to stop (SIGTERM, SIGINT), 1 if it cannot\n"
                     "start, 2 if a setting is wrong, 3 if the replica had to stop: see the log.");
    }

    [[nodiscard]] std::optional<Leave> read(const QStringList &arguments, Values &values)
    {
        std::vector<std::string> reversed; // as CLI11 wants it
        for (const QString &argument : arguments)
            reversed.insert(reversed.begin(), argument.toStdString());
        try {
            m_app.parse(reversed);
        } catch (const CLI::ParseError &error) {
            std::ostringstream out;
            std::ostringstream fault;
            const bool isAsked = m_app.exit(error, out, fault) == 0;
            return Leave{isAsked ? 0 : 2,
                         QString::fromStdString(isAsked ? out.str() : fault.str()).trimmed(),
                         error.get_name() == "CallForHelp"};
        }
        for (const SettingSpec &spec : settingTable()) {
            const std::string flag = "--" + spec.name.toStdString();
            if (m_app.count(flag) > 0)
                values[spec.name] = {QString::fromStdString(flag),
                                     QString::fromStdString(m_texts[spec.name])};
        }
        return std::nullopt;
    }

    [[nodiscard]] QString config() const { return QString::fromStdString(m_config); }

private:
    CLI::App m_app{"A node of Coffer: the replicated store and its services.", "cofferd"};
    std::map<QString, std::string> m_texts;
    std::string m_config;
};

} // namespace

static Values valuesOf(const Environment &environment)
{
    Values values;
    for (const SettingSpec &spec : settingTable()) {
        if (const auto value = environment(spec.variable()))
            values[spec.name] = {spec.variable(), *value};
    }
    return values;
}

static std::optional<Leave> applyAll(const Values &values, Settings &settings)
{
    for (const SettingSpec &spec : settingTable()) {
        const auto given = values.find(spec.name);
        const bool isGiven = given != values.end();
        if (!isGiven && spec.defaultText.isEmpty())
            continue;
        const QString text = isGiven ? given->second.value : spec.defaultText;
        if (const Result<void> set = spec.set(settings, text); !set)
            return wrong(isGiven ? given->second.place : spec.name, set.error().message);
    }
    return std::nullopt;
}

static bool isLoopback(const QString &address)
{
    const auto parsed = net::PeerAddress::parse(address);
    return parsed
           && (parsed->host == QLatin1String("localhost")
               || QHostAddress(parsed->host).isLoopback());
}

/// What only several settings together show.
static std::optional<Leave> checkTogether(const Settings &settings)
{
    if (settings.data.isEmpty() && settings.gateway.isEmpty())
        return wrong(QStringLiteral("--data"),
                     QStringLiteral("name the directory in which this node lives: cofferd --data "
                                    "DIR"));
    if (settings.electionMin >= settings.electionMax
        || settings.heartbeat * 2 > settings.electionMin)
        return wrong(QStringLiteral("--election-min-ms"),
                     QStringLiteral("has to be at least twice --heartbeat-ms and less than "
                                    "--election-max-ms"));
    const int files = int(!settings.peerCertificate.isEmpty()) + int(!settings.peerKey.isEmpty())
                      + int(!settings.peerAuthority.isEmpty());
    if (files != 0 && files != 3)
        return wrong(QStringLiteral("--peer-cert"),
                     QStringLiteral("--peer-cert, --peer-key and --peer-ca are given together or "
                                    "not at all"));
    if (!settings.isOpenToAll && !settings.isAuthRequired && !isLoopback(settings.listen))
        return wrong(QStringLiteral("--listen"),
                     QStringLiteral("\"%1\" can be reached from other machines, and whoever "
                                    "reaches it may do everything: say --auth required, listen on "
                                    "127.0.0.1, or say --open-to-all yes if only those can who "
                                    "may")
                         .arg(settings.listen));
    if (settings.isRootReset && settings.rootTokenFile.isEmpty())
        return wrong(QStringLiteral("--reset-root-token"),
                     QStringLiteral("needs --root-token-file, which has the new one"));
    if (settings.clientCertificate.isEmpty() != settings.clientKey.isEmpty())
        return wrong(QStringLiteral("--tls-cert"),
                     QStringLiteral("--tls-cert and --tls-key are given together or not at all"));
    if (!settings.clientAuthority.isEmpty() && settings.clientCertificate.isEmpty())
        return wrong(QStringLiteral("--tls-client-ca"),
                     QStringLiteral("needs --tls-cert and --tls-key"));
    return std::nullopt;
}

std::variant<Settings, Leave> readSettings(const QStringList &arguments,
                                           const Environment &environment)
{
    Values flags;
    CommandLine commandLine;
    if (const auto leave = commandLine.read(arguments, flags))
        return *leave;
    Values values = valuesOf(environment);
    flags.merge(values);
    values = std::move(flags); // a flag stays before the variable of its name

    Settings settings;
    QString config = commandLine.config();
    if (config.isEmpty())
        config = environment(QStringLiteral("COFFER_CONFIG")).value_or(QString());
    if (config.isEmpty() && values.contains(QStringLiteral("data"))) {
        const QDir data(values[QStringLiteral("data")].value);
        config = data.exists(fileName) ? data.filePath(fileName) : QString();
    }
    if (!config.isEmpty()) {
        Values fromFile;
        if (const auto leave = TomlFile(config).read(fromFile, settings))
            return *leave;
        values.merge(fromFile);
    }

    if (const auto leave = applyAll(values, settings))
        return *leave;
    if (const auto leave = checkTogether(settings))
        return *leave;
    return settings;
}

} // namespace coffer::node
