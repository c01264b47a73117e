// SPDX-License-Identifier: Apache-2.0
#include "node/audit_log.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::node;
using namespace Qt::StringLiterals;

using Kind = rpc::Access::Kind;

class TestAuditLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void lines_areWrittenInOrder()
    {
        const QTemporaryDir folder;
        {
            const auto log = AuditLog::open({.directory = folder.filePath(u"audit"_s)});
            QVERIFY(log);
            for (int i = 0; i < 1000; ++i)
                (*log)->write(QByteArray::number(i) + '\n');
        }
        const QByteArrayList lines = read(folder.filePath(u"audit/audit.jsonl"_s)).split('\n');
        QCOMPARE(lines.size(), 1001);
        for (int i = 0; i < 1000; ++i)
            QCOMPARE(lines[i], QByteArray::number(i));
        const auto others = QFileDevice::ReadGroup | QFileDevice::ReadOther;
        QVERIFY(!(QFile::permissions(folder.filePath(u"audit/audit.jsonl"_s)) & others));
    }
    void files_areBounded()
    {
        const QTemporaryDir folder;
        for (int i = 0; i < 20; ++i) {
            const auto log =
                AuditLog::open({.directory = folder.path(), .fileBytesMax = 100, .filesMax = 3});
            QVERIFY(log);
            (*log)->write(QByteArray(60, 'a' + i) + '\n');
        }
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files, QDir::Name),
                 QStringList({u"audit.1.jsonl"_s, u"audit.2.jsonl"_s, u"audit.jsonl"_s}));
        QVERIFY(read(folder.filePath(u"audit.jsonl"_s)).startsWith('t'));
        QVERIFY(read(folder.filePath(u"audit.2.jsonl"_s)).startsWith('r'));
    }
    void lines_thatFindNoRoomAreCounted()
    {
        const QTemporaryDir folder;
        {
            const auto log = AuditLog::open({.directory = folder.path(), .linesMax = 0});
            QVERIFY(log);
            (*log)->write("lost\n");
            QCOMPARE((*log)->dropped(), 1u);
        }
        QVERIFY(!read(folder.filePath(u"audit.jsonl"_s)).contains("lost"));
    }
    void disk_thatRefusesIsSaid()
    {
        const QTemporaryDir folder;
        QFile file(folder.filePath(u"file"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QVERIFY(!AuditLog::open({.directory = file.fileName()}));
    }

    void line_saysWhoDidWhat()
    {
        rpc::Method method{.name = u"test.put"_s};
        method.access = {Kind::write, u"path"_s};
        rpc::Call call;
        call.caller = {.name = u"token a"_s, .address = u"192.0.2.1:5"_s};
        call.params = QCborMap{{u"path"_s, u"/a/b"_s}, {u"value"_s, u"the value"_s}};
        call.traceparent = "00-x";
        const rpc::Outcome done(QCborValue(QCborMap{{u"status"_s, u"ok"_s}, {u"revision"_s, 7}}));
        const QByteArray line = auditLine(method, call, done, WallMs(0));
        QVERIFY(line.endsWith('\n') && !line.contains("the value"));
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        QCOMPARE(object, (QJsonObject{{u"time"_s, u"1970-01-01T00:00:00.000Z"_s},
                                      {u"who"_s, u"token a"_s},
                                      {u"from"_s, u"192.0.2.1:5"_s},
                                      {u"method"_s, u"test.put"_s},
                                      {u"paths"_s, QJsonArray{u"/a/b"_s}},
                                      {u"trace"_s, u"00-x"_s},
                                      {u"outcome"_s, u"ok"_s},
                                      {u"revision"_s, 7}}));
    }
    void line_isBounded()
    {
        rpc::Method method{.name = u"test.put"_s};
        method.access = {Kind::write, {}};
        method.touches = [](const rpc::Call &) {
            std::vector<rpc::Touch> touches;
            for (int i = 0; i < 10'000; ++i)
                touches.push_back(
                    {Kind::write, '/' + QByteArray::number(i) + QByteArray(4000, 'x'), false});
            return touches;
        };
        rpc::Call call;
        call.caller.name = QString(100'000, 'n'_L1);
        const rpc::Outcome denied(rpc::Failure::of(rpc::Code::denied, QString(100'000, 'w'_L1)));
        const QByteArray line = auditLine(method, call, denied, WallMs(0));
        QVERIFY2(line.size() < 8'000, QByteArray::number(line.size()).constData());
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        QCOMPARE(object.value(u"touched"_s).toInteger(), 10'000);
        QCOMPARE(object.value(u"outcome"_s).toString(), u"DENIED"_s);
    }
    void line_hidesTheRootToken()
    {
        rpc::Method method{.name = u"auth.enable"_s};
        rpc::Call call;
        call.params = QCborMap{{u"token"_s, u"coffer_root_1"_s}, {u"other"_s, 1}};
        const QByteArray line =
            auditLine(method, call, rpc::Outcome(QCborValue(QCborMap())), WallMs(0));
        QVERIFY(!line.contains("coffer_root"));
        QVERIFY(line.contains("other"));
    }
    void audited_areWritesAndDenials()
    {
        rpc::Method method{.name = u"test.get"_s};
        method.access.kind = Kind::read;
        const rpc::Outcome done{QCborValue(QCborMap())};
        const rpc::Outcome denied(rpc::Failure::of(rpc::Code::denied, {}));
        QVERIFY(!isAudited(method, done));
        QVERIFY(!isAudited(method, rpc::Outcome(rpc::Failure::of(rpc::Code::notFound, {}))));
        QVERIFY(isAudited(method, denied));
        method.access.kind = Kind::write;
        QVERIFY(isAudited(method, done));
        method.name = u"session.keepAlive"_s;
        QVERIFY(!isAudited(method, done));
        QVERIFY(isAudited(method, denied));
    }

private:
    static QByteArray read(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
};

QTEST_GUILESS_MAIN(TestAuditLog)
#include "tst_audit_log.moc"
