// SPDX-License-Identifier: Apache-2.0
#include "node/setting_table.h"

#include "net/peer_address.h"

#include <utility>

namespace coffer::node {

using namespace std::chrono_literals;

using Set = std::function<Result<void>(Settings &, const QString &)>;

QString SettingSpec::variable() const
{
    return QStringLiteral("COFFER_")
           + QString(name).replace(QLatin1Char('-'), QLatin1Char('_')).toUpper();
}

static Error expected(const QString &value, const QString &what)
{
    return {ErrorCode::invalid, QStringLiteral("\"%1\" is not %2").arg(value.left(200), what)};
}

static Set text(QString Settings::*member)
{
    return [member](Settings &settings, const QString &value) -> Result<void> {
        settings.*member = value;
        return {};
    };
}

static Set address(QString Settings::*member)
{
    return [member](Settings &settings, const QString &value) -> Result<void> {
        const auto parsed = net::PeerAddress::parse(value);
        if (!parsed)
            return parsed.error();
        settings.*member = parsed->text();
        return {};
    };
}

static Result<void> setPeers(Settings &settings, const QString &value)
{
    settings.peers.clear();
    for (const QString &part : value.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        const auto parsed = net::PeerAddress::parse(part.trimmed());
        if (!parsed)
            return parsed.error();
        if (parsed->port == 0)
            return expected(part, QStringLiteral("the address of a peer: its port is 0"));
        if (settings.peers.contains(parsed->text()))
            return expected(
                value,
                QStringLiteral("a list of peers: %1 stands in it twice").arg(parsed->text()));
        settings.peers.append(parsed->text());
    }
    return {};
}

/// Names as they stand in a Host header, without ports.
static Result<void> setHostNames(Settings &settings, const QString &value)
{
    settings.hostNames.clear();
    for (const QString &part : value.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        const QString name = part.trimmed().toLower();
        for (const QChar letter : name) {
            const bool isFit = letter.isLetterOrNumber() || QStringLiteral("-._").contains(letter);
            if (!isFit && name != u"*")
                return expected(part, QStringLiteral("a host name without a port, or *"));
        }
        settings.hostNames.append(name);
    }
    return {};
}

static Result<void> setGateway(Settings &settings, const QString &value)
{
    settings.gateway = value.split(QLatin1Char(','), Qt::SkipEmptyParts);
    return {};
}

static Set duration(std::chrono::milliseconds Settings::*member, std::chrono::milliseconds min,
                    std::chrono::milliseconds max)
{
    return [member, min, max](Settings &settings, const QString &value) -> Result<void> {
        bool isNumber = false;
        const std::chrono::milliseconds time(value.toLongLong(&isNumber));
        if (!isNumber || time < min || time > max)
            return expected(value, QStringLiteral("a whole number of milliseconds from %1 to %2")
                                       .arg(min.count())
                                       .arg(max.count()));
        settings.*member = time;
        return {};
    };
}

template<class Enum>
static Set choice(Enum Settings::*member, std::vector<std::pair<QString, Enum>> choices)
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
        return expected(value, QStringLiteral("one of ") + names.join(QLatin1String(", ")));
    };
}

/// What is about clients.
static std::vector<SettingSpec> makeClientTable()
{
    using S = Settings;
    return {
        {"listen", "Where clients are served", "127.0.0.1:7400", address(&S::listen)},
        {"open-to-all",
         "yes: serve clients beyond this machine although access control is not required: whoever "
         "reaches the port may do everything",
         "no", choice<bool>(&S::isOpenToAll, {{"yes", true}, {"no", false}})},
        {"host-names",
         "Names by which clients reach this node, as a.example,b.example, besides localhost, "
         "numbers and the name of this machine; *: any. Others are refused: a page in a browser "
         "may have made them up",
         {},
         setHostNames},
        {"auth",
         "stored: access control is on once it was enabled. required: until then nothing is served "
         "but enabling it, from this machine",
         "stored", choice<bool>(&S::isAuthRequired, {{"required", true}, {"stored", false}})},
        {"root-token-file",
         "Turns access control on with the root token in this file, which only its owner may read; "
         "`coffer auth make-root` makes one",
         {},
         text(&S::rootTokenFile)},
        {"reset-root-token",
         "yes: the root token becomes that of --root-token-file although there is another one. For "
         "one start, after a root token was lost",
         "no", choice<bool>(&S::isRootReset, {{"yes", true}, {"no", false}})},
        {"audit",
         "Whether writes and denials are noted in DATA/audit: auth (while access control is on), "
         "always or never",
         "auth",
         choice<AuditMode>(&S::audit, {{"auth", AuditMode::auth},
                                       {"always", AuditMode::always},
                                       {"never", AuditMode::never}})},
        {"tls-cert",
         "Certificate for clients (PEM); with it they speak TLS, https and wss",
         {},
         text(&S::clientCertificate)},
        {"tls-key", "Private key of --tls-cert (PEM)", {}, text(&S::clientKey)},
        {"tls-client-ca",
         "Who signs the certificates of clients (PEM); with it each of them has to show one",
         {},
         text(&S::clientAuthority)},
    };
}

static std::vector<SettingSpec> makeTable()
{
    using S = Settings;
    std::vector<SettingSpec> table{
        {"data", "The data directory; it is made if it is missing", {}, text(&S::data)},
        {"cluster-name", "Peers that say another name are refused", {}, text(&S::clusterName)},
        {"peers",
         "Where the founding members listen for each other, as a:port,b:port,c:port, the same on "
         "each; without it a cluster of one",
         {},
         setPeers},
        {"listen-peers", "Where peers are listened for", "127.0.0.1:7401",
         address(&S::listenPeers)},
        {"advertise-peers",
         "Where peers reach this node: its own entry of --peers. Default: the one that is "
         "--listen-peers, or has its port and a host name of this machine",
         {},
         address(&S::advertisePeers)},
        {"plugins",
         "The folder of plugins. Default: lib/coffer/plugins beside the program. In the file: "
         "folder = \"DIR\" below [plugins], and the settings of a plugin below [plugins.NAME]",
         {},
         text(&S::plugins)},
        {"gateway",
         "Host plugins and nothing else, on the store of the cluster with these nodes, as "
         "host:port,host:port; no vote, no data. Needs no --data",
         {},
         setGateway},
        {"peer-cert",
         "Certificate for peers (PEM); with it peers speak TLS",
         {},
         text(&S::peerCertificate)},
        {"peer-key", "Private key of --peer-cert (PEM)", {}, text(&S::peerKey)},
        {"peer-ca", "Who signs the certificates of all peers (PEM)", {}, text(&S::peerAuthority)},
        {"log-level", "debug, info, warning or error", "info",
         choice<LogLevel>(&S::logLevel, {{"debug", LogLevel::debug},
                                         {"info", LogLevel::info},
                                         {"warning", LogLevel::warning},
                                         {"error", LogLevel::error}})},
        {"log-format", "text or json: one object a line", "text",
         choice<LogFormat>(&S::logFormat, {{"text", LogFormat::text}, {"json", LogFormat::json}})},
        {"heartbeat-ms", "How often a leader speaks", "20", duration(&S::heartbeat, 1ms, 10'000ms)},
        {"election-min-ms", "Shortest silence of a leader before another one is elected", "120",
         duration(&S::electionMin, 5ms, 60'000ms)},
        {"election-max-ms", "Longest such silence", "240",
         duration(&S::electionMax, 6ms, 120'000ms)},
        {"request-timeout-ms", "How long a request waits for a leader and its answer", "4000",
         duration(&S::requestTimeout, 10ms, 600'000ms)},
        {"stop-timeout-ms", "How long a stopping node finishes what is in flight", "5000",
         duration(&S::stopTimeout, 0ms, 600'000ms)},
        {"slow-request-ms", "Calls of clients that take longer are logged; 0: none", "1000",
         duration(&S::slowRequest, 0ms, 600'000ms)},
    };
    const std::vector<SettingSpec> clients = makeClientTable();
    table.insert(table.begin() + 3, clients.begin(), clients.end()); // behind data and peers
    return table;
}

const std::vector<SettingSpec> &settingTable()
{
    static const std::vector<SettingSpec> table = makeTable();
    return table;
}

} // namespace coffer::node
