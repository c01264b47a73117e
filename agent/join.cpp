// SPDX-License-Identifier: Apache-2.0
#include "agent/join.h"

#include <QCborArray>
#include <QSslCertificate>
#include <QSslSocket>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

static constexpr int connectTimeoutMs = 10'000;

/// The certificate with this hash, from what the node shows; whether it has signed the rest is
/// proven by the connection that is made with it afterwards.
static Result<QByteArray> findAuthority(const QUrl &node, const QByteArray &hash)
{
    if (node.scheme() != u"https")
        return Error{
            ErrorCode::invalid,
            u"--ca-hash: %1 speaks no TLS; write https://host:port"_s.arg(node.toString())};
    QSslSocket socket;
    socket.setPeerVerifyMode(QSslSocket::VerifyNone);
    socket.connectToHostEncrypted(node.host(), quint16(node.port()));
    if (!socket.waitForEncrypted(connectTimeoutMs))
        return Error{ErrorCode::unavailable,
                     u"%1: %2"_s.arg(node.authority(), socket.errorString())};
    for (const QSslCertificate &shown : socket.peerCertificateChain()) {
        if (shown.digest(QCryptographicHash::Sha256).toHex() == hash)
            return shown.toPem();
    }
    return Error{ErrorCode::denied,
                 u"%1 shows no certificate with the hash of --ca-hash: it is another cluster, or "
                 u"somebody is between; nothing was said to it"_s.arg(node.authority())};
}

static Result<void> prepare(const Settings &settings, const JoinRequest &request)
{
    if (request.authority.isEmpty())
        return {};
    Result<QByteArray> authority = findAuthority(request.nodes.front(), request.authority);
    if (!authority)
        return authority.error();
    return writePrivate(pinnedAuthority(settings), *authority);
}

QCoro::Task<Result<QString>> join(Settings settings, JoinRequest request)
{
    Result<QString> instance = makeInstance(settings.state);
    if (!instance)
        co_return instance.error();
    Result<void> prepared = prepare(settings, request);
    if (!prepared)
        co_return prepared.error();
    Result<client::Options> options = clientOptions(settings, request.nodes);
    if (!options)
        co_return options.error();
    client::Client client(*options);
    const QCborMap params{{u"host"_s, request.host},
                          {u"token"_s, QString::fromLatin1(request.token)},
                          {u"instance"_s, *instance}};
    const rpc::Outcome outcome = co_await client.call(u"goconf.join"_s, params, {.timeout = 20s});
    if (!outcome)
        co_return client::errorOf(outcome.error());
    const QCborMap answer = outcome->toMap();
    const QByteArray secret = answer.value("secret"_L1).toString().toLatin1();
    if (secret.isEmpty())
        co_return Error{ErrorCode::corrupt, u"the node answered without a secret"_s};
    Result<void> written = writeIdentity(settings, {request.host, request.nodes}, secret);
    if (!written)
        co_return written.error();
    QStringList services;
    for (const QCborValue service : answer.value("services"_L1).toArray())
        services.append(service.toString());
    co_return u"joined as %1 in %2, for %3"_s.arg(request.host, answer.value("idc"_L1).toString(),
                                                  services.join(u", "_s));
}

} // namespace coffer::agent
