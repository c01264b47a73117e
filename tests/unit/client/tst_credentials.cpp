// SPDX-License-Identifier: Apache-2.0
#include "client/credentials.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace Qt::StringLiterals;

class TestCredentials : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void token_isReadFromItsOwnersFile()
    {
        const QString path = fileWith("coffer_a_b\n", QFileDevice::ReadOwner);
        const auto read = client::readCredentials({.token = path});
        QVERIFY(read);
        QCOMPARE(read->token, "coffer_a_b");
        QVERIFY(!read->tls);
        QVERIFY(client::readCredentials({})->token.isEmpty());
    }
    void token_thatOthersMayReadIsRefused()
    {
        for (const auto others : {QFileDevice::ReadGroup, QFileDevice::ReadOther,
                                  QFileDevice::WriteGroup, QFileDevice::WriteOther}) {
            const QString path = fileWith("coffer_a_b\n", QFileDevice::ReadOwner | others);
            const auto read = client::readCredentials({.token = path});
            QVERIFY(!read);
            QCOMPARE(read.error().code, ErrorCode::refused);
            QVERIFY2(read.error().message.contains(u"chmod 600"_s),
                     qPrintable(read.error().message));
        }
    }
    void token_thatIsNoneIsSaid()
    {
        QCOMPARE(
            client::readCredentials({.token = fileWith("\n", QFileDevice::ReadOwner)}).error().code,
            ErrorCode::invalid);
        QCOMPARE(client::readCredentials({.token = fileWith("a\nb\n", QFileDevice::ReadOwner)})
                     .error()
                     .code,
                 ErrorCode::invalid);
        QCOMPARE(client::readCredentials({.token = m_folder.filePath(u"none"_s)}).error().code,
                 ErrorCode::notFound);
    }

private:
    QString fileWith(const QByteArray &text, QFileDevice::Permissions permissions)
    {
        QFile file(m_folder.filePath(QString::number(++m_count)));
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            qFatal("no file");
        file.close();
        (void)file.setPermissions(permissions);
        return file.fileName();
    }

    QTemporaryDir m_folder;
    int m_count = 0;
};

QTEST_GUILESS_MAIN(TestCredentials)
#include "tst_credentials.moc"
