// SPDX-License-Identifier: Apache-2.0
#include "node/token.h"
#include "node/token_checker.h"
#include "support/hand_clock.h"

#include <QCoroTask>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::node;
using namespace Qt::StringLiterals;

static const QString here = u"192.0.2.1:1234"_s;

class TestToken : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void token_travels()
    {
        const Token token = Token::make();
        QVERIFY(token.text() != Token::make().text());
        const Result<Token> read = Token::parse(token.text());
        QVERIFY(read);
        QCOMPARE(read->id, token.id);
        QCOMPARE(read->secret, token.secret);
        QCOMPARE(Token::make(u"root"_s).id, u"root"_s);
    }
    void token_othersAreRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        const QByteArray secret(64, 'a');
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("no secret") << QByteArray("coffer_a_");
        QTest::newRow("short") << "coffer_a_" + secret.chopped(1);
        QTest::newRow("long") << "coffer_a_" + secret + "a";
        QTest::newRow("no id") << "coffer__" + secret;
        QTest::newRow("id") << "coffer_A_" + secret;
        QTest::newRow("path in the id") << "coffer_../x_" + secret;
        QTest::newRow("long id") << "coffer_" + QByteArray(33, 'a') + "_" + secret;
        QTest::newRow("digits") << "coffer_a_" + QByteArray(64, 'g');
        QTest::newRow("another") << "other_a_" + secret;
    }
    void token_othersAreRefused()
    {
        QFETCH(QByteArray, text);
        const Result<Token> token = Token::parse(text);
        QVERIFY(!token);
        QVERIFY(text.isEmpty() || !token.error().message.contains(QString::fromLatin1(text)));
    }
    void hash_isOfItsSecret()
    {
        const Result<QByteArray> hash = hashSecret("secret");
        QVERIFY(hash);
        QVERIFY(isSecretOf(*hash, "secret"));
        QVERIFY(!isSecretOf(*hash, "other"));
        QVERIFY(*hash != *hashSecret("secret"));
        QVERIFY(!isSecretOf("", "secret"));
        // One that would take 4 GiB to check.
        QByteArray dear = *hash;
        dear.replace("m=8192", "m=4194304");
        QVERIFY(!isSecretOf(dear, "secret"));
    }
    void file_belongsToItsOwner()
    {
        const QTemporaryDir folder;
        const Token token = Token::make();
        QFile file(folder.filePath(u"token"_s));
        QVERIFY(!readTokenFile(file.fileName()));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(token.text() + '\n');
        file.close();
        QVERIFY(file.setPermissions(QFileDevice::ReadOwner | QFileDevice::ReadGroup));
        const Result<Token> open = readTokenFile(file.fileName());
        QVERIFY(!open);
        QVERIFY2(open.error().message.contains(u"chmod 600"_s), qPrintable(open.error().message));
        QVERIFY(file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner));
        QCOMPARE(readTokenFile(file.fileName())->text(), token.text());
    }

    void checker_remembersWhatWasRight()
    {
        HandClock clock;
        TokenChecker checker(clock);
        const Token token = Token::make();
        const QByteArray hash = *hashSecret(token.secret);
        QVERIFY(isRight(checker, token, hash));
        QVERIFY(isRight(checker, token, hash));
        QCOMPARE(checker.checksMade(), 1u);
        QVERIFY(!isRight(checker, token, *hashSecret("another"))); // it was rotated
        clock.now += TokenChecker::rememberedFor;
        QVERIFY(isRight(checker, token, hash));
        QCOMPARE(checker.checksMade(), 3u);
    }
    void checker_checksOnceForMany()
    {
        HandClock clock;
        TokenChecker checker(clock);
        const Token token = Token::make();
        const QByteArray hash = *hashSecret(token.secret);
        std::vector<QCoro::Task<rpc::Answer<bool>>> all;
        for (int i = 0; i < 20; ++i)
            all.push_back(checker.check(token, hash, here));
        for (auto &one : all) {
            const auto answer = QCoro::waitFor(std::move(one));
            QVERIFY(answer && *answer);
        }
        QCOMPARE(checker.checksMade(), 1u);
    }
    void checker_refusesAnAddressThatGuesses()
    {
        HandClock clock;
        TokenChecker checker(clock);
        const Token token = Token::make();
        const QByteArray hash = *hashSecret(token.secret);
        for (int i = 0; i < TokenChecker::failuresMax - 1; ++i)
            checker.noteFailure(u"192.0.2.1:%1"_s.arg(2000 + i));
        QVERIFY(!isRight(checker, Token::make(token.id), hash));
        const auto refused = QCoro::waitFor(checker.check(token, hash, here));
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, rpc::Code::unauthenticated);
        QVERIFY(isRight(checker, token, hash, u"192.0.2.2:1"_s));
        QVERIFY(isRight(checker, token, hash)); // what is remembered is no guess
        clock.now += TokenChecker::rememberedFor;
        QVERIFY(isRight(checker, token, hash));
    }
    void checker_takesAnIpv6NetworkForOneAddress()
    {
        HandClock clock;
        TokenChecker checker(clock);
        for (int i = 0; i < TokenChecker::failuresMax; ++i)
            checker.noteFailure(u"2001:db8::%1:99"_s.arg(i));
        QVERIFY(checker.refute(u"2001:db8::ffff:1"_s));
        QVERIFY(!checker.refute(u"2001:db9::1:1"_s));
    }

private:
    static bool isRight(TokenChecker &checker, const Token &token, const QByteArray &hash,
                        const QString &address = here)
    {
        const auto answer = QCoro::waitFor(checker.check(token, hash, address));
        return answer && *answer;
    }
};

QTEST_GUILESS_MAIN(TestToken)
#include "tst_token.moc"
