// SPDX-License-Identifier: Apache-2.0
#include "agent/identity.h"

#include "client/credentials.h"
#include "client/endpoint.h"
#include "config/name.h"

#include <QCryptographicHash>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QSaveFile>
#include <QSysInfo>

#include <array>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

static constexpr qint64 smallFileBytesMax = 65'536;
static constexpr int seedBytes = 32;

static QString joinedFile(const QString &state) { return state + u"/joined.json"_s; }

QString pinnedAuthority(const Settings &settings) { return settings.state + u"/authority.pem"_s; }

Result<void> writePrivate(const QString &path, const QByteArray &bytes)
{
    QSaveFile file(path);
    const bool isWritten = file.open(QIODevice::WriteOnly)
                           && file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner)
                           && file.write(bytes) == bytes.size() && file.commit();
    if (!isWritten)
        return Error{ErrorCode::io, u"%1 cannot be written: %2"_s.arg(path, file.errorString())};
    return {};
}

static QByteArray readSeed(const QString &state)
{
    QFile file(state + u"/instance"_s);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray seed = QByteArray::fromHex(file.read(smallFileBytesMax).trimmed());
    return seed.size() == seedBytes ? seed : QByteArray();
}

static QString instanceOf(const QByteArray &seed)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(seed);
    hash.addData(QSysInfo::machineUniqueId());
    return QString::fromLatin1(hash.result().toHex().left(32));
}

Result<QString> makeInstance(const QString &state)
{
    QByteArray seed = readSeed(state);
    if (seed.isEmpty()) {
        std::array<quint32, seedBytes / sizeof(quint32)> words{};
        QRandomGenerator::system()->fillRange(words.data(), qsizetype(words.size()));
        seed = QByteArray(reinterpret_cast<const char *>(words.data()), seedBytes);
        Result<void> written = writePrivate(state + u"/instance"_s, seed.toHex() + '\n');
        if (!written)
            return written.error();
    }
    return instanceOf(seed);
}

static Result<Joined> readJoined(const QString &state)
{
    QFile file(joinedFile(state));
    Joined joined;
    if (!file.open(QIODevice::ReadOnly))
        return joined;
    const QJsonObject object = QJsonDocument::fromJson(file.read(smallFileBytesMax)).object();
    joined.host = object[u"host"_s].toString();
    QStringList nodes;
    for (const QJsonValue node : object[u"nodes"_s].toArray())
        nodes.append(node.toString());
    auto parsed = client::parseEndpoints(nodes.join(u','));
    if (!parsed || !config::isName(joined.host.toUtf8()))
        return Error{ErrorCode::invalid,
                     u"%1 is damaged; enroll this host again, and join"_s.arg(file.fileName())};
    joined.nodes = std::move(*parsed);
    return joined;
}

Result<Identity> readIdentity(const Settings &settings)
{
    Result<Joined> joined = readJoined(settings.state);
    if (!joined)
        return joined.error();
    Identity identity;
    identity.host = settings.host.isEmpty() ? joined->host : settings.host;
    identity.nodes = settings.nodes.empty() ? joined->nodes : settings.nodes;
    const bool hasSecret = QFileInfo::exists(settings.secretFile);
    if (identity.host.isEmpty() || identity.nodes.empty() || !hasSecret)
        return Error{ErrorCode::notFound,
                     u"this host has not joined: run `coffer fleet enroll HOST` where you "
                     u"administrate, and the line that it prints here"_s};
    auto credentials = client::readCredentials({.token = settings.secretFile});
    if (!credentials)
        return credentials.error();
    identity.secret = credentials->token;
    if (const QByteArray seed = readSeed(settings.state); !seed.isEmpty())
        identity.instance = instanceOf(seed);
    return identity;
}

Result<void> writeIdentity(const Settings &settings, const Joined &joined, const QByteArray &secret)
{
    Result<void> written = writePrivate(settings.secretFile, secret + '\n');
    if (!written)
        return written;
    QJsonArray nodes;
    for (const QUrl &node : joined.nodes)
        nodes.append(node.toString());
    const QJsonObject object{{u"host"_s, joined.host}, {u"nodes"_s, nodes}};
    return writePrivate(joinedFile(settings.state), QJsonDocument(object).toJson());
}

Result<client::Options> clientOptions(const Settings &settings, std::vector<QUrl> nodes)
{
    client::CredentialFiles files{
        .authority = settings.authority, .certificate = settings.certificate, .key = settings.key};
    if (files.authority.isEmpty() && QFileInfo::exists(pinnedAuthority(settings)))
        files.authority = pinnedAuthority(settings);
    auto credentials = client::readCredentials(files);
    if (!credentials)
        return credentials.error();
    client::Options options;
    options.nodes = std::move(nodes);
    options.isShuffled = !settings.isInOrder;
    options.link = client::webSocketLinks(std::move(*credentials));
    options.pingEvery = std::chrono::seconds(5);
    options.pauseMax = std::chrono::seconds(15);
    // All hosts call at once when something is published; to leave a node that is late to answer
    // would make them later still.
    options.doubtAfter = std::chrono::seconds(3);
    return options;
}

} // namespace coffer::agent
