// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"
#include "client/remote_store.h"
#include "node/client_service.h"
#include "support/certificates.h"
#include "support/solo_node.h"

#include <QCborArray>
#include <QCoroTask>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace Qt::StringLiterals;

/// A client with credentials of its own.
struct Peer
{
    explicit Peer(const QUrl &node, client::Credentials credentials = {})
        : client(optionsOf(node, std::move(credentials)))
    {}
    static client::Options optionsOf(const QUrl &node, client::Credentials credentials)
    {
        client::Options options;
        options.nodes = {*client::parseEndpoint(node.toString())};
        options.link = client::webSocketLinks(std::move(credentials));
        return options;
    }

    rpc::Outcome call(const QString &method, const QCborMap &params = {})
    {
        return QCoro::waitFor(client.call(method, params));
    }
    /// What a call failed with; "" if it did not.
    QString codeOf(const QString &method, const QCborMap &params = {})
    {
        const rpc::Outcome outcome = call(method, params);
        return outcome ? QString() : QString(rpc::nameOf(outcome.error().code));
    }

    client::Client client;
    client::RemoteStore store{client};
};

/// A node that serves, by itself, with these options.
struct Served
{
    explicit Served(node::ClientServiceOptions options) : service(std::move(options)) {}
    ~Served()
    {
        bool isStopped = false;
        service.stop([&isStopped] { isStopped = true; });
        (void)QTest::qWaitFor([&isStopped] { return isStopped; }, 10'000);
    }
    bool start()
    {
        if (!node.waitUntilServing())
            return false;
        const Result<QString> place = service.start(node.host());
        url = place ? QUrl(*place) : QUrl();
        return place.has_value();
    }

    test::SoloNode node;
    node::ClientService service;
    QUrl url;
};

static QCborMap textsOf(std::initializer_list<std::pair<QString, QString>> texts)
{
    QCborMap map;
    for (const auto &[name, text] : texts)
        map.insert(name, text);
    return map;
}

/// Access control as callers meet it, through a real front door.
class TestAccess : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_audit = std::make_unique<QTemporaryDir>();
        m_served =
            std::make_unique<Served>(node::ClientServiceOptions{.listen = u"127.0.0.1:0"_s,
                                                                .audit = node::AuditMode::auth,
                                                                .auditDirectory = m_audit->path()});
        QVERIFY(m_served->start());
        Peer anybody(m_served->url);
        const rpc::Outcome enabled = anybody.call(u"auth.enable"_s);
        QVERIFY2(enabled, enabled ? "" : qPrintable(enabled.error().message));
        m_rootToken = enabled->toMap().value("token"_L1).toString().toLatin1();
        QVERIFY(m_rootToken.startsWith("coffer_root_"));
        m_root = std::make_unique<Peer>(m_served->url, client::Credentials{m_rootToken});
    }
    void cleanup()
    {
        m_root.reset();
        m_served.reset();
        m_audit.reset();
    }

    /// Whatever there is: without a token nothing but what is open answers.
    void everyMethod_isRefusedWithoutToken()
    {
        const QCborArray methods =
            m_root->call(u"rpc.discover"_s)->toMap().value("methods"_L1).toArray();
        QVERIFY(methods.size() > 40);
        Peer anybody(m_served->url);
        Peer wrong(m_served->url, client::Credentials{"coffer_root_" + QByteArray(64, '0')});
        QStringList open;
        for (const QCborValue value : methods) {
            const QString name = value.toMap().value("name"_L1).toString();
            const QCborMap params = paramsFor(name);
            if (anybody.codeOf(name, params) == "UNAUTHENTICATED"_L1) {
                QCOMPARE(wrong.codeOf(name, params), u"UNAUTHENTICATED"_s);
                continue;
            }
            open.append(name);
        }
        QCOMPARE(open, QStringList({u"auth.status"_s, u"rpc.discover"_s}));
    }
    void everyRoute_isRefusedWithoutToken()
    {
        const std::vector<std::pair<QByteArray, QByteArray>> routes{
            {"GET", "/v1/store/a"},         {"GET", "/v1/store/a?list"},
            {"GET", "/v1/store/a?entries"}, {"GET", "/v1/store/a?glob=/**"},
            {"PUT", "/v1/store/a"},         {"DELETE", "/v1/store/a"},
            {"DELETE", "/v1/store/a?tree"}};
        for (const auto &[method, path] : routes) {
            const int status = statusOf(method, path);
            QVERIFY2(status == 401, method + ' ' + path + QByteArray::number(status));
            QCOMPARE(statusOf(method, path, "nonsense"), 401);
        }
        QCOMPARE(statusOf("GET", "/healthz"), 200);
        QCOMPARE(statusOf("GET", "/readyz"), 200);
        QCOMPARE(statusOf("GET", "/v1/store/a?entries", m_rootToken), 200);
    }

    void role_boundsWhatATokenMayDo()
    {
        QVERIFY(QCoro::waitFor(m_root->store.put("/b/x", "1")));
        Peer peer(m_served->url, {tokenWith({{"allow", "read,write", "/a/**"}})});
        QVERIFY(QCoro::waitFor(peer.store.put("/a/x", "1")));
        QVERIFY(*QCoro::waitFor(peer.store.get("/a/x")));
        QCOMPARE(statusOf("GET", "/v1/store/a/x", m_lastToken), 200);
        // Whether there is such a file makes no difference.
        for (const QByteArray path :
             {"/b/x", "/b/none", "/coffer/auth/enabled", "/coffer/auth/x"}) {
            const rpc::Outcome denied = peer.call(u"store.get"_s, pathOf(path));
            QVERIFY(!denied);
            QCOMPARE(denied.error().code, rpc::Code::denied);
            QVERIFY(denied.error().details.isEmpty());
            QVERIFY2(denied.error().message.contains(u"no rule of role \"r1\""_s),
                     qPrintable(denied.error().message));
            QCOMPARE(statusOf("GET", "/v1/store" + path, m_lastToken), 403);
        }
        const Result<Revision> put = QCoro::waitFor(peer.store.put("/b/x", "1"));
        QVERIFY(!put);
        QCOMPARE(put.error().code, ErrorCode::denied);
        QCOMPARE(peer.codeOf(u"store.list"_s, pathOf("/")), u"DENIED"_s);
        QCOMPARE(
            peer.codeOf(u"store.range"_s, textsOf({{u"from"_s, u"/a/b"_s}, {u"to"_s, u"/b"_s}})),
            u"DENIED"_s);
        QCOMPARE(
            peer.codeOf(u"store.range"_s, textsOf({{u"from"_s, u"/a/b"_s}, {u"to"_s, u"/a/z"_s}})),
            QString());
        QCOMPARE(peer.codeOf(u"store.entries"_s, pathOf("/a")), QString());
        QCOMPARE(peer.codeOf(u"store.entries"_s, pathOf("/")), u"DENIED"_s);
        QCOMPARE(peer.codeOf(u"store.delete"_s, {{u"path"_s, u"/"_s}, {u"tree"_s, true}}),
                 u"DENIED"_s);
        QCOMPARE(peer.codeOf(u"store.compact"_s, {{u"revision"_s, 1}}), u"DENIED"_s);
        QCOMPARE(peer.codeOf(u"session.list"_s), u"DENIED"_s);
        QCOMPARE(peer.codeOf(u"cluster.status"_s), QString());
        QCOMPARE(peer.codeOf(u"store.watch"_s, textsOf({{u"pattern"_s, u"/**"_s}})), u"DENIED"_s);
    }
    void transaction_isJudgedWhole()
    {
        Peer peer(m_served->url,
                  {tokenWith({{"allow", "write", "/a/**"}, {"allow", "read", "/b"}})});
        store::Transaction change;
        change.operations = {store::Put{"/a/x", "1", false, {}}};
        QVERIFY(QCoro::waitFor(peer.store.commit(change)));
        change.guards = {store::Missing{"/b"}};
        QVERIFY(QCoro::waitFor(peer.store.commit(change)));
        const auto isDenied = [&peer](const store::Transaction &some) {
            const auto answer = QCoro::waitFor(peer.store.commit(some));
            return !answer && answer.error().code == ErrorCode::denied;
        };
        store::Transaction guarded = change;
        guarded.guards = {store::Missing{"/c"}};
        QVERIFY(isDenied(guarded));
        store::Transaction otherwise = change;
        otherwise.otherwise = {store::Delete{"/c"}};
        QVERIFY(isDenied(otherwise));
        store::Transaction tree;
        tree.operations = {store::DeleteTree{"/"}};
        QVERIFY(isDenied(tree));
        const store::Transaction empty;
        QVERIFY(isDenied(empty));
    }

    void revoked_endsRightsAtOnce()
    {
        Peer peer(m_served->url, {tokenWith({{"allow", "read,write", "/a/**"}})});
        QVERIFY(QCoro::waitFor(peer.store.put("/a/x", "1")));
        const auto watch = peer.store.watch({*store::Glob::parse("/a/*"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_served->node.host().watches()->size(), 2u); // one is of the rules
        QCOMPARE(m_root->codeOf(u"auth.token.revoke"_s, textsOf({{u"id"_s, idOf(m_lastToken)}})),
                 QString());
        // The same connection; and the watch, though it was open.
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), u"UNAUTHENTICATED"_s);
        const auto ended = QCoro::waitFor(std::move(next));
        QVERIFY(!ended);
        QCOMPARE(ended.error().code, ErrorCode::unauthenticated);
        const Result<std::optional<store::FileView>> read = QCoro::waitFor(peer.store.get("/a/x"));
        QVERIFY(!read && read.error().code == ErrorCode::unauthenticated);
        QCOMPARE(m_served->node.host().watches()->size(), 1u);
        QCOMPARE(statusOf("GET", "/v1/store/a/x", m_lastToken), 401);
    }
    void rotated_hasANewSecret()
    {
        const QByteArray old = tokenWith({{"allow", "read", "/a/**"}});
        Peer peer(m_served->url, {old});
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), QString());
        QCOMPARE(statusOf("GET", "/v1/store/a?list", old), 200);
        const rpc::Outcome rotated =
            m_root->call(u"auth.token.rotate"_s, textsOf({{u"id"_s, idOf(old)}}));
        QVERIFY(rotated);
        const QByteArray token = rotated->toMap().value("token"_L1).toString().toLatin1();
        QCOMPARE(idOf(token), idOf(old));
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), u"UNAUTHENTICATED"_s);
        QCOMPARE(statusOf("GET", "/v1/store/a?list", old), 401);
        QCOMPARE(statusOf("GET", "/v1/store/a?list", token), 200);
    }
    void expired_isNobody()
    {
        const QByteArray token = tokenWith({{"allow", "read", "/**"}}, 1'000);
        Peer peer(m_served->url, {token});
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a")), QString());
        QTRY_COMPARE_WITH_TIMEOUT(peer.codeOf(u"store.get"_s, pathOf("/a")), u"UNAUTHENTICATED"_s,
                                  20'000);
    }
    void rules_changeWhileItIsConnected()
    {
        Peer peer(m_served->url, {tokenWith({{"allow", "read", "/a/**"}})});
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/b")), u"DENIED"_s);
        grant("allow", "read", "/b");
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/b")), QString());
        grant("deny", "read", "/b");
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/b")), u"DENIED"_s);
        QCOMPARE(m_root->codeOf(u"auth.role.withdraw"_s, {{u"role"_s, m_role}, {u"rule"_s, 3}}),
                 QString());
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/b")), QString());
        QCOMPARE(m_root->codeOf(u"auth.role.remove"_s, textsOf({{u"role"_s, m_role}})), QString());
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), u"DENIED"_s);
    }

    void session_belongsToWhoOpenedIt()
    {
        Peer one(m_served->url, {tokenWith({{"allow", "all", "/a/**"}})});
        Peer other(m_served->url, {tokenWith({{"allow", "all", "/a/**"}})});
        const QCborMap opening{{u"timeToLiveMs"_s, 60'000}, {u"nonce"_s, 5}};
        const qint64 session =
            one.call(u"session.open"_s, opening)->toMap().value("session"_L1).toInteger();
        QCOMPARE(one.call(u"session.open"_s, opening)->toMap().value("session"_L1).toInteger(),
                 session);
        // The same nonce of another caller is another session.
        QVERIFY(other.call(u"session.open"_s, opening)->toMap().value("session"_L1).toInteger()
                != session);
        const QCborMap mine{{u"session"_s, session}};
        QCOMPARE(one.codeOf(u"session.keepAlive"_s, mine), QString());
        QCOMPARE(other.codeOf(u"session.keepAlive"_s, mine), u"DENIED"_s);
        QCOMPARE(other.codeOf(u"session.close"_s, mine), u"DENIED"_s);
        QCborMap put{{u"path"_s, u"/a/e"_s},
                     {u"value"_s, QByteArray("1")},
                     {u"ephemeral"_s, true},
                     {u"session"_s, session},
                     {u"sequence"_s, 1}};
        QCOMPARE(other.codeOf(u"store.put"_s, put), u"DENIED"_s);
        QCOMPARE(one.codeOf(u"store.put"_s, put), QString());
        QCOMPARE(m_root->codeOf(u"session.close"_s, mine), QString()); // an administrator
        QCOMPARE(one.codeOf(u"session.keepAlive"_s, mine), u"NOT_FOUND"_s);
        QCOMPARE(other.codeOf(u"session.keepAlive"_s, mine), u"NOT_FOUND"_s);
        // One that is still to come cannot be used ahead of its opening.
        put[u"session"_s] = session + 1'000;
        QCOMPARE(other.codeOf(u"store.put"_s, put), u"NOT_FOUND"_s);
    }

    void explain_saysWhatWouldBeDecided()
    {
        const QByteArray token = tokenWith({{"allow", "read", "/a/**"}});
        const auto explained = [this](QCborMap params) {
            const rpc::Outcome outcome = m_root->call(u"auth.explain"_s, params);
            const QCborMap map = outcome ? outcome->toMap() : QCborMap();
            return std::pair(map.value("allowed"_L1).toBool(),
                             outcome ? map.value("reason"_L1).toString() : outcome.error().message);
        };
        QCborMap asked = textsOf(
            {{u"method"_s, u"store.get"_s}, {u"path"_s, u"/a/x"_s}, {u"token"_s, idOf(token)}});
        QCOMPARE(explained(asked),
                 std::pair(true, u"role \"%1\" rule 1: allow read /a/** *"_s.arg(m_role)));
        asked[u"method"_s] = u"store.put"_s;
        QVERIFY(!explained(asked).first);
        // What it says is what a call is told.
        Peer peer(m_served->url, {token});
        const rpc::Outcome denied =
            peer.call(u"store.put"_s, {{u"path"_s, u"/a/x"_s}, {u"value"_s, QByteArray("1")}});
        QVERIFY(!denied);
        QCOMPARE(denied.error().message, peerName(token) + u": "_s + explained(asked).second);
        asked.remove(u"token"_s);
        QVERIFY(explained(asked).second.contains(u"expected one of"_s));
        asked[u"certificate"_s] = u"nobody"_s;
        QVERIFY(!explained(asked).first);
        asked[u"method"_s] = u"no.such"_s;
        QVERIFY(explained(asked).second.contains(u"there is no method"_s));
        QCOMPARE(peer.codeOf(u"auth.explain"_s, asked), u"DENIED"_s);
        asked = textsOf({{u"method"_s, u"store.get"_s}, {u"token"_s, u"neverMade"_s}});
        QVERIFY(explained(asked).second.startsWith(u"there is no token neverMade"_s));
        asked = textsOf({{u"method"_s, u"store.get"_s}, {u"role"_s, u"neverMade"_s}});
        QVERIFY(explained(asked).second.startsWith(u"there is no role neverMade"_s));
    }
    void name_getsNoRoleThatThereIsNot()
    {
        QCborMap named{{u"name"_s, u"web"_s}, {u"roles"_s, QCborArray{u"root"_s, u"none"_s}}};
        const rpc::Outcome refused = m_root->call(u"auth.name.set"_s, named);
        QVERIFY(!refused && refused.error().code == rpc::Code::notFound);
        QVERIFY(refused.error().message.startsWith(u"there is no role none; there are root"_s));
        named[u"roles"_s] = QCborArray{u"root"_s};
        QCOMPARE(m_root->codeOf(u"auth.name.set"_s, named), QString());
    }
    void root_staysInReach()
    {
        QCOMPARE(m_root->codeOf(u"auth.token.revoke"_s, textsOf({{u"id"_s, u"root"_s}})),
                 u"REFUSED"_s);
        QCOMPARE(m_root->codeOf(u"auth.role.add"_s, textsOf({{u"role"_s, u"root"_s}})),
                 u"INVALID_ARGUMENT"_s);
        QCOMPARE(m_root->codeOf(u"auth.enable"_s), u"CONFLICT"_s);
        // The same again, as after a lost answer.
        QCOMPARE(m_root->codeOf(u"auth.enable"_s,
                                textsOf({{u"token"_s, QString::fromLatin1(m_rootToken)}})),
                 QString());
        QCOMPARE(m_root->codeOf(u"auth.disable"_s), QString());
        Peer anybody(m_served->url);
        QCOMPARE(anybody.codeOf(u"store.get"_s, pathOf("/a")), QString());
    }
    void rules_thatCannotBeReadDeny()
    {
        const QByteArray token = tokenWith({{"allow", "read", "/a/**"}});
        Peer peer(m_served->url, {token});
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), QString());
        QVERIFY(QCoro::waitFor(
            m_root->store.put("/coffer/auth/roles/" + m_role.toLatin1(), "nonsense")));
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), u"DENIED"_s);
        QVERIFY(QCoro::waitFor(
            m_root->store.put("/coffer/auth/tokens/" + idOf(token).toLatin1(), "nonsense")));
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/a/x")), u"UNAUTHENTICATED"_s);
    }
    void guesses_areBounded()
    {
        for (int i = 0; i < node::TokenChecker::failuresMax; ++i)
            QCOMPARE(statusOf("GET", "/v1/store/a", "coffer_root_" + QByteArray(64, '0')), 401);
        const auto reply = send("GET", "/v1/store/a", "coffer_root_" + QByteArray(64, '0'));
        QVERIFY(reply->readAll().contains("Too many wrong tokens"));
    }

    void audit_hasWritesAndDenials()
    {
        const QByteArray token = tokenWith({{"allow", "read,write", "/a/**"}});
        Peer peer(m_served->url, {token});
        QCOMPARE(peer.codeOf(u"store.put"_s,
                             {{u"path"_s, u"/a/x"_s}, {u"value"_s, QByteArray("hidden")}}),
                 QString());
        QCOMPARE(peer.codeOf(u"store.get"_s, pathOf("/b/x")), u"DENIED"_s);
        QCOMPARE(statusOf("DELETE", "/v1/store/c", token), 403);
        QFile file(m_audit->filePath(u"audit.jsonl"_s));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QByteArray text;
        QTRY_VERIFY((text += file.readAll()).contains("\"/c\""));
        QVERIFY(!text.contains("hidden") && !text.contains(token.mid(20)));
        QStringList seen;
        for (const QByteArray &line : text.trimmed().split('\n')) {
            const QJsonObject object = QJsonDocument::fromJson(line).object();
            QVERIFY2(!object.isEmpty(), line.constData());
            if (object.value(u"who"_s).toString() == peerName(token))
                seen.append(u"%1 %2%3"_s.arg(object.value(u"method"_s).toString(),
                                             object.value(u"outcome"_s).toString(),
                                             object.contains(u"revision"_s) ? u"+"_s : QString()));
        }
        QCOMPARE(seen, QStringList(
                           {u"store.put ok+"_s, u"store.get DENIED"_s, u"store.delete DENIED"_s}));
    }

    void required_servesNothingBeforeItIsEnabled()
    {
        Served served({.listen = u"127.0.0.1:0"_s, .auth = node::AuthMode::required});
        QVERIFY(served.start());
        Peer anybody(served.url);
        QTRY_COMPARE(anybody.codeOf(u"store.get"_s, pathOf("/a")), u"UNAUTHENTICATED"_s);
        QCOMPARE(anybody.codeOf(u"auth.token.create"_s, {{u"roles"_s, QCborArray()}}),
                 u"UNAUTHENTICATED"_s);
        const rpc::Outcome enabled = anybody.call(u"auth.enable"_s); // from this machine
        QVERIFY(enabled);
        QCOMPARE(anybody.codeOf(u"store.get"_s, pathOf("/a")), u"UNAUTHENTICATED"_s);
        Peer root(served.url, {enabled->toMap().value("token"_L1).toString().toLatin1()});
        QCOMPARE(root.codeOf(u"store.get"_s, pathOf("/a")), QString());
    }
    void rootTokenFile_enablesAndResets()
    {
        const QTemporaryDir folder;
        const node::Token token = node::Token::make(u"root"_s);
        QFile file(folder.filePath(u"root"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(token.text());
        file.close();
        QVERIFY(file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner));
        Served served({.listen = u"127.0.0.1:0"_s,
                       .auth = node::AuthMode::required,
                       .rootTokenFile = file.fileName()});
        QVERIFY(served.start());
        Peer root(served.url, {token.text()});
        // A connection of before is nobody, so ask by requests.
        QTRY_VERIFY(served.service.access().table().isEnabled());
        Peer known(served.url, {token.text()});
        QCOMPARE(known.codeOf(u"store.get"_s, pathOf("/a")), QString());

        // Another one takes its place only where that is said.
        const node::Token second = node::Token::make(u"root"_s);
        const auto kept = QCoro::waitFor(served.service.access().setRoot(second, false));
        QVERIFY(!kept);
        QCOMPARE(kept.error().code, ErrorCode::conflict);
        QVERIFY(QCoro::waitFor(served.service.access().setRoot(second, true)));
        QTRY_COMPARE(known.codeOf(u"store.get"_s, pathOf("/a")), u"UNAUTHENTICATED"_s);
        Peer again(served.url, {second.text()});
        QCOMPARE(again.codeOf(u"store.get"_s, pathOf("/a")), QString());
    }

    void certificates_haveRoles()
    {
        test::Certificates certificates;
        certificates.makeAuthority(u"ca"_s);
        for (const QString &name : {u"localhost"_s, u"web"_s, u"db"_s})
            certificates.makeSigned(name, u"ca"_s);
        const auto pathTo = [&](const QString &file) { return certificates.path(file); };
        Served served(
            {.listen = u"localhost:0"_s,
             .tls = {pathTo(u"localhost.pem"_s), pathTo(u"localhost.key"_s), pathTo(u"ca.pem"_s)}});
        QVERIFY(served.start());
        QCOMPARE(served.url.scheme(), u"https"_s);
        const auto credentialsOf = [&](const QString &name) {
            return *client::readCredentials({.authority = pathTo(u"ca.pem"_s),
                                             .certificate = pathTo(name + u".pem"_s),
                                             .key = pathTo(name + u".key"_s)});
        };
        Peer web(served.url, credentialsOf(u"web"_s));
        QCOMPARE(web.codeOf(u"auth.role.add"_s, textsOf({{u"role"_s, u"w"_s}})), QString());
        QCOMPARE(web.codeOf(u"auth.role.grant"_s, textsOf({{u"role"_s, u"w"_s},
                                                           {u"actions"_s, u"all"_s},
                                                           {u"path"_s, u"/a/**"_s}})),
                 QString());
        const QCborMap named{{u"name"_s, u"web"_s}, {u"roles"_s, QCborArray{u"w"_s}}};
        QCOMPARE(web.codeOf(u"auth.name.set"_s, named), QString());
        const rpc::Outcome enabled = web.call(u"auth.enable"_s);
        QVERIFY(enabled);
        QVERIFY(QCoro::waitFor(web.store.put("/a/x", "1")));
        QCOMPARE(web.codeOf(u"store.get"_s, pathOf("/b")), u"DENIED"_s);
        Peer db(served.url, credentialsOf(u"db"_s));
        QCOMPARE(db.codeOf(u"store.get"_s, pathOf("/a/x")), u"UNAUTHENTICATED"_s);
        client::Credentials both = credentialsOf(u"db"_s); // a token goes before the certificate
        both.token = enabled->toMap().value("token"_L1).toString().toLatin1();
        Peer root(served.url, both);
        QCOMPARE(root.codeOf(u"store.get"_s, pathOf("/a/x")), QString());
    }

private:
    struct Words
    {
        const char *effect;
        const char *actions;
        const char *path;
    };

    static QCborMap pathOf(const QByteArray &path)
    {
        return {{u"path"_s, QString::fromLatin1(path)}};
    }
    static QString idOf(const QByteArray &token)
    {
        return QString::fromLatin1(token.split('_').value(1));
    }
    static QString peerName(const QByteArray &token) { return u"token "_s + idOf(token); }

    void grant(const char *effect, const char *actions, const char *path)
    {
        QCOMPARE(m_root->codeOf(u"auth.role.grant"_s,
                                textsOf({{u"role"_s, m_role},
                                         {u"effect"_s, QString::fromLatin1(effect)},
                                         {u"actions"_s, QString::fromLatin1(actions)},
                                         {u"path"_s, QString::fromLatin1(path)}})),
                 QString());
    }
    /// A token with a new role that has these rules.
    QByteArray tokenWith(std::initializer_list<Words> rules, qint64 timeToLiveMs = 0)
    {
        m_role = u"r%1"_s.arg(
            m_root->call(u"auth.role.list"_s)->toMap().value("roles"_L1).toArray().size() + 1);
        if (!m_root->call(u"auth.role.add"_s, textsOf({{u"role"_s, m_role}})))
            return {};
        for (const Words &rule : rules)
            grant(rule.effect, rule.actions, rule.path);
        QCborMap params{{u"roles"_s, QCborArray{m_role}}};
        if (timeToLiveMs > 0)
            params.insert(u"timeToLiveMs"_s, timeToLiveMs);
        const rpc::Outcome made = m_root->call(u"auth.token.create"_s, params);
        m_lastToken = made ? made->toMap().value("token"_L1).toString().toLatin1() : QByteArray();
        return m_lastToken;
    }

    /// Parameters that the method's own checks let pass.
    static QCborMap paramsFor(const QString &method)
    {
        static const std::map<QString, QCborMap> known{
            {u"store.put"_s, {{u"path"_s, u"/a"_s}, {u"value"_s, QByteArray()}}},
            {u"store.range"_s, {}},
            {u"store.figures"_s, {}},
            {u"store.commit"_s,
             {{u"operations"_s,
               QCborArray{QCborMap{{u"do"_s, u"delete"_s}, {u"path"_s, u"/a"_s}}}}}},
            {u"store.glob"_s, textsOf({{u"pattern"_s, u"/**"_s}})},
            {u"store.watch"_s, textsOf({{u"pattern"_s, u"/**"_s}})},
            {u"store.history"_s, {{u"pattern"_s, u"/**"_s}, {u"from"_s, 1}}},
            {u"store.compact"_s, {{u"revision"_s, 1}}},
            {u"session.open"_s, {{u"timeToLiveMs"_s, 1000}}},
            {u"auth.explain"_s, textsOf({{u"method"_s, u"store.get"_s}, {u"role"_s, u"a"_s}})},
            {u"auth.role.grant"_s,
             textsOf({{u"role"_s, u"a"_s}, {u"actions"_s, u"all"_s}, {u"path"_s, u"/a"_s}})},
            {u"auth.role.withdraw"_s, {{u"role"_s, u"a"_s}, {u"rule"_s, 1}}},
            {u"auth.name.set"_s, {{u"name"_s, u"a"_s}, {u"roles"_s, QCborArray()}}},
            {u"auth.token.create"_s, {{u"roles"_s, QCborArray()}}},
            {u"backup.read"_s, {{u"backup"_s, 1}, {u"offset"_s, 0}}},
            {u"backup.end"_s, {{u"backup"_s, 1}}},
            {u"members.replace"_s, textsOf({{u"node"_s, u"1"_s}, {u"by"_s, u"2"_s}})},
        };
        if (const auto found = known.find(method); found != known.end())
            return found->second;
        const auto startsWith = [&method](QLatin1String room) { return method.startsWith(room); };
        if (startsWith("store."_L1))
            return pathOf("/a");
        if (method == "session.list"_L1 || method.endsWith(".list"_L1))
            return {};
        if (startsWith("session."_L1))
            return {{u"session"_s, 1}};
        if (startsWith("members."_L1) || startsWith("leader."_L1))
            return textsOf({{u"node"_s, u"1"_s}});
        if (startsWith("auth.role."_L1))
            return textsOf({{u"role"_s, u"a"_s}});
        if (startsWith("auth.token."_L1))
            return textsOf({{u"id"_s, u"a"_s}});
        if (startsWith("auth.name."_L1))
            return textsOf({{u"name"_s, u"a"_s}});
        return {};
    }

    std::unique_ptr<QNetworkReply> send(const QByteArray &method, const QByteArray &path,
                                        const QByteArray &token = {})
    {
        QNetworkRequest request(QUrl::fromEncoded(m_served->url.toEncoded() + path));
        if (!token.isEmpty())
            request.setRawHeader("Authorization", "Bearer " + token);
        std::unique_ptr<QNetworkReply> reply(m_http.sendCustomRequest(request, method, "x"));
        (void)QTest::qWaitFor([&reply] { return reply->isFinished(); }, 10'000);
        return reply;
    }
    int statusOf(const QByteArray &method, const QByteArray &path, const QByteArray &token = {})
    {
        return send(method, path, token)
            ->attribute(QNetworkRequest::HttpStatusCodeAttribute)
            .toInt();
    }

    std::unique_ptr<QTemporaryDir> m_audit;
    std::unique_ptr<Served> m_served;
    std::unique_ptr<Peer> m_root;
    QByteArray m_rootToken;
    QByteArray m_lastToken;
    QString m_role;
    QNetworkAccessManager m_http;
};

QTEST_GUILESS_MAIN(TestAccess)
#include "tst_access.moc"
