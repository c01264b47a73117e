// SPDX-License-Identifier: Apache-2.0
#include "agent/settings.h"

#include "agent/toml_table.h"
#include "client/endpoint.h"
#include "config/name.h"

#include <QFileInfo>

#include <CLI/CLI.hpp>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

static const QString defaultConfig = u"/etc/coffer/agent.toml"_s;

using Set = std::function<Result<void>(Settings &, const QString &)>;

namespace {

/// One setting: the same name in the file, as a flag with two dashes, and in the environment in
/// capitals behind COFFER_AGENT_.
struct Spec
{
    QString name;
    QString what;        ///< For --help.
    QString defaultText; ///< Read like any other value; empty: has none.
    Set set;             ///< `invalid`: what was expected.

    [[nodiscard]] QString variable() const
    {
        return u"COFFER_AGENT_"_s + QString(name).replace(u'-', u'_').toUpper();
    }
};

} // namespace

static Error expected(const QString &value, const QString &what)
{
    return {ErrorCode::invalid, u"\"%1\" is not %2"_s.arg(value.left(200), what)};
}

static Set path(QString Settings::*member)
{
    return [member](Settings &settings, const QString &value) -> Result<void> {
        settings.*member = value;
        return {};
    };
}

static Set duration(milliseconds Settings::*member, milliseconds min, milliseconds max)
{
    return [member, min, max](Settings &settings, const QString &value) -> Result<void> {
        const auto time = parseDuration(value);
        if (!time || *time < min || *time > max)
            return expected(value, u"a time from %1s to %2s with its unit, as \"30s\" or \"10m\""_s
                                       .arg(min.count() / 1000)
                                       .arg(max.count() / 1000));
        settings.*member = *time;
        return {};
    };
}

template<class T>
static Set choice(T Settings::*member, std::vector<std::pair<QString, T>> choices)
{
    return [member, choices = std::move(choices)](Settings &settings,
                                                  const QString &value) -> Result<void> {
        QStringList names;
        for (const auto &[name, meaning] : choices) {
            names.append(name);
            if (name != value)
                continue;
            settings.*member = meaning;
            return {};
        }
        return expected(value, u"one of "_s + names.join(u", "_s));
    };
}

static Result<void> setNodes(Settings &settings, const QString &value)
{
    auto nodes = client::parseEndpoints(value);
    if (!nodes)
        return nodes.error();
    settings.nodes = std::move(*nodes);
    return {};
}

static Result<void> setHost(Settings &settings, const QString &value)
{
    if (Result<void> fit = config::checkName(value.toUtf8(), "host"); !fit)
        return fit.error();
    settings.host = value;
    return {};
}

static const std::vector<Spec> &table()
{
    using S = Settings;
    static const std::vector<Spec> specs{
        {u"nodes"_s,
         u"Nodes of the cluster, as host:port,https://host:port. Default: those it joined"_s,
         {},
         &setNodes},
        {u"node-order"_s, u"any: begin with any node. listed: prefer the first ones"_s, u"any"_s,
         choice<bool>(&S::isInOrder, {{u"any"_s, false}, {u"listed"_s, true}})},
        {u"host"_s,
         u"The name of this host in the fleet. Default: that under which it joined"_s,
         {},
         &setHost},
        {u"state"_s, u"The state directory: versions, what was applied, the secret"_s,
         u"/var/lib/coffer-agent"_s, path(&S::state)},
        {u"socket"_s, u"The Unix socket for local programs and commands"_s,
         u"/run/coffer-agent/agent.sock"_s, path(&S::socket)},
        {u"targets"_s,
         u"The folder of targets, one NAME.toml a service. Default: targets.d beside agent.toml"_s,
         {},
         path(&S::targets)},
        {u"secret-file"_s,
         u"The secret of this host; only its owner may read it. Default: secret in --state"_s,
         {},
         path(&S::secretFile)},
        {u"tls-ca"_s,
         u"Who signs the certificates of nodes (PEM). Default: what join pinned"_s,
         {},
         path(&S::authority)},
        {u"tls-cert"_s,
         u"The own certificate (PEM), for nodes that want one"_s,
         {},
         path(&S::certificate)},
        {u"tls-key"_s, u"Private key of --tls-cert (PEM)"_s, {}, path(&S::key)},
        {u"poll"_s, u"How often everything is compared anew with what the node wants"_s, u"10m"_s,
         duration(&S::poll, 1s, 24h)},
        {u"scrub"_s, u"How often files are compared with what was applied"_s, u"60s"_s,
         duration(&S::scrub, 1s, 24h)},
        {u"log-level"_s, u"debug, info, warning or error"_s, u"info"_s,
         choice<net::LogLevel>(&S::logLevel, {{u"debug"_s, net::LogLevel::debug},
                                              {u"info"_s, net::LogLevel::info},
                                              {u"warning"_s, net::LogLevel::warning},
                                              {u"error"_s, net::LogLevel::error}})},
        {u"log-format"_s, u"text or json: one object a line"_s, u"text"_s,
         choice<net::LogFormat>(&S::logFormat, {{u"text"_s, net::LogFormat::text},
                                                {u"json"_s, net::LogFormat::json}})},
    };
    return specs;
}

SettingsReader::SettingsReader(CLI::App &app) : m_app(app)
{
    app.add_option("--config", m_config,
                   "The file of settings; /etc/coffer/agent.toml if it is there "
                   "[COFFER_AGENT_CONFIG]");
    for (const Spec &spec : table()) {
        const QString fallback =
            spec.defaultText.isEmpty() ? QString() : u" (default %1)"_s.arg(spec.defaultText);
        app.add_option("--" + spec.name.toStdString(), m_texts[spec.name],
                       u"%1%2 [%3]"_s.arg(spec.what, fallback, spec.variable()).toStdString())
            ->take_last();
    }
}

SettingsReader::~SettingsReader() = default;

static Result<void> setFrom(const QString &place, const Spec &spec, const QString &text,
                            Settings &settings)
{
    Result<void> set = spec.set(settings, text);
    if (!set)
        return set.error().in(place);
    return {};
}

static Result<void> readFile(const QString &path, Settings &settings)
{
    auto file = TomlTable::read(path);
    if (!file)
        return file.error();
    for (const Spec &spec : table()) {
        const QString text = file->plain(spec.name);
        if (!file->has(spec.name))
            continue;
        Result<void> set = spec.set(settings, text);
        if (!set)
            file->fail(spec.name, set.error().message);
    }
    return file->finish();
}

/// What only several settings together show.
static Result<void> checkTogether(const Settings &settings)
{
    if (settings.certificate.isEmpty() != settings.key.isEmpty())
        return Error{ErrorCode::invalid,
                     u"--tls-cert: --tls-cert and --tls-key are given together or not at all"_s};
    return {};
}

Result<Settings> SettingsReader::read(const ReadVariable &environment) const
{
    Settings settings;
    for (const Spec &spec : table()) {
        if (spec.defaultText.isEmpty())
            continue;
        Result<void> set = setFrom(spec.name, spec, spec.defaultText, settings);
        if (!set)
            return set.error();
    }
    QString config = QString::fromStdString(m_config);
    if (config.isEmpty())
        config = environment(u"COFFER_AGENT_CONFIG"_s).value_or(QString());
    if (!config.isEmpty() || QFileInfo::exists(defaultConfig)) {
        Result<void> read = readFile(config.isEmpty() ? defaultConfig : config, settings);
        if (!read)
            return read.error();
    }
    for (const Spec &spec : table()) {
        const std::string flag = "--" + spec.name.toStdString();
        const bool isFlag = m_app.count(flag) > 0;
        const auto variable = isFlag ? std::nullopt : environment(spec.variable());
        if (!isFlag && !variable)
            continue;
        Result<void> set = isFlag ? setFrom(QString::fromStdString(flag), spec,
                                            QString::fromStdString(m_texts.at(spec.name)), settings)
                                  : setFrom(spec.variable(), spec, *variable, settings);
        if (!set)
            return set.error();
    }
    if (settings.targets.isEmpty()) {
        const QFileInfo file(config.isEmpty() ? defaultConfig : config);
        settings.targets = file.absolutePath() + u"/targets.d"_s;
    }
    if (settings.secretFile.isEmpty())
        settings.secretFile = settings.state + u"/secret"_s;
    Result<void> fit = checkTogether(settings);
    if (!fit)
        return fit.error();
    return settings;
}

} // namespace coffer::agent
