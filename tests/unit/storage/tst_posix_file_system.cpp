// SPDX-License-Identifier: Apache-2.0
#include "storage/posix_file_system.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

#include <sys/resource.h>

using namespace coffer;
using namespace coffer::storage;

static const QString name = QStringLiteral("file");

class TestPosixFileSystem : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        auto files = PosixFileSystem::open(m_directory->path());
        QVERIFY(files);
        m_files = std::move(*files);
    }

    void open_ofADirectoryThatIsNotThereIsNotFound()
    {
        const auto missing = PosixFileSystem::open(m_directory->path() + QStringLiteral("/no"));
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::notFound);
    }

    void file_isWrittenReadAndResized()
    {
        const auto file = m_files->create(name);
        QVERIFY(file);
        QVERIFY((*file)->write(3, "abc"));
        QVERIFY((*file)->sync());
        QCOMPARE((*file)->size().value_or(0), std::uint64_t(6));
        QCOMPARE(*(*file)->read(0, 100), QByteArray("\0\0\0abc", 6));
        QCOMPARE(*(*file)->read(4, 1), QByteArray("b"));
        QCOMPARE(*(*file)->read(9, 1), QByteArray());
        QVERIFY((*file)->resize(4));
        QCOMPARE(*(*file)->read(0, 100), QByteArray("\0\0\0a", 4));
        QVERIFY((*file)->preallocate(5000));
        QVERIFY((*file)->preallocate(3)); // never shorter
        QCOMPARE((*file)->size().value_or(0), std::uint64_t(5000));
        QCOMPARE(*(*file)->read(4000, 5), QByteArray(5, '\0'));
    }

    void create_emptiesAFileThatIsThere()
    {
        QVERIFY((*m_files->create(name))->write(0, "abc"));
        QCOMPARE((*m_files->create(name))->size().value_or(9), std::uint64_t(0));
    }

    void open_forReadingDoesNotWrite()
    {
        QVERIFY(m_files->create(name));
        const auto file = m_files->open(name, FileSystem::Open::read);
        QVERIFY(file);
        const Result<void> written = (*file)->write(0, "x");
        QVERIFY(!written);
        QCOMPARE(written.error().code, ErrorCode::io);
        QVERIFY(written.error().message.startsWith(m_files->describe(name)));
    }

    void open_ofAFileThatIsNotThereIsNotFound()
    {
        for (const auto how : {FileSystem::Open::read, FileSystem::Open::readWrite}) {
            const auto missing = m_files->open(name, how);
            QVERIFY(!missing);
            QCOMPARE(missing.error().code, ErrorCode::notFound);
        }
    }

    void names_areSortedAndFollowRenameAndRemove()
    {
        for (const char *each : {"c", "a", "b"})
            QVERIFY(m_files->create(QLatin1String(each)));
        QVERIFY(m_files->rename(QStringLiteral("a"), QStringLiteral("d")));
        QVERIFY(m_files->remove(QStringLiteral("b")));
        QVERIFY(m_files->syncDirectory());
        QCOMPARE(*m_files->names(), (QStringList{QStringLiteral("c"), QStringLiteral("d")}));
        QVERIFY(!m_files->remove(QStringLiteral("b")));
        QVERIFY(!m_files->rename(QStringLiteral("a"), QStringLiteral("e")));
    }

    /// The limit on the size of files stands for a disk that refuses in the middle of a write.
    void write_thatIsShortGoesOnAndThenSaysWhy()
    {
        rlimit before{};
        QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{1000, before.rlim_max};
        QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
        const auto file = m_files->create(name);
        const Result<void> written = (*file)->write(900, QByteArray(200, 'x'));
        const auto size = (*file)->size();
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
        QVERIFY(!written);
        QCOMPARE(written.error().code, ErrorCode::io);
        QCOMPARE(size.value_or(0), std::uint64_t(1000));
    }

    void write_onAFullDeviceIsNoSpace()
    {
        const auto devices = PosixFileSystem::open(QStringLiteral("/dev"));
        if (!devices || !QFile::exists(QStringLiteral("/dev/full")))
            QSKIP("there is no /dev/full");
        const auto file = (*devices)->open(QStringLiteral("full"), FileSystem::Open::readWrite);
        QVERIFY(file);
        const Result<void> written = (*file)->write(0, "x");
        QVERIFY(!written);
        QCOMPARE(written.error().code, ErrorCode::noSpace);
    }

    void lock_isRefusedWhileItIsHeld()
    {
        auto lock = m_files->lock(QStringLiteral("lock"));
        QVERIFY(lock);
        const auto second = m_files->lock(QStringLiteral("lock"));
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::refused);
        lock->reset();
        QVERIFY(m_files->lock(QStringLiteral("lock")));
    }

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    std::unique_ptr<PosixFileSystem> m_files;
};

QTEST_APPLESS_MAIN(TestPosixFileSystem)
#include "tst_posix_file_system.moc"
