// SPDX-License-Identifier: Apache-2.0
#include "cli/companion.h"
#include "cli/verbs.h"

#include <CLI/CLI.hpp>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStorageInfo>

#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

constexpr std::chrono::minutes beginPatience(10); ///< A large state takes long to copy.

struct BackupArguments
{
    std::string file;
    bool isForced = false;
    bool isOnlyChecked = false;
    bool isUnchecked = false;
};

/// A copy that a node holds for us.
struct Copy
{
    qint64 number = 0;
    qint64 size = 0;
};

void showProgress(Console &console, const QString &what, qint64 done, qint64 total)
{
    if (console.isJson() || ::isatty(STDERR_FILENO) == 0)
        return;
    static constexpr int width = 40;
    const int full = total > 0 ? int(done * width / total) : 0;
    std::fprintf(stderr, "\r\x1b[K%s [%s%s] %lld of %lld MiB", qUtf8Printable(what),
                 qUtf8Printable(QString(full, u'#')), qUtf8Printable(QString(width - full, u'.')),
                 qlonglong(done >> 20), qlonglong(total >> 20));
}

void endProgress(Console &console)
{
    if (!console.isJson() && ::isatty(STDERR_FILENO) != 0)
        std::fprintf(stderr, "\r\x1b[K");
}

/// Something of this machine, not of the cluster: none of the hints for those fits.
rpc::Failure local(const QString &why) { return rpc::Failure::of(rpc::Code::refused, why); }

rpc::Failure notWritten(const QFile &file)
{
    return local(u"%1 cannot be written: %2"_s.arg(file.fileName(), file.errorString()));
}

/// Durable under the name \a to when it returns; \a from is gone.
Result<void> keepAs(const QString &from, const QString &to)
{
    if (std::rename(QFile::encodeName(from).constData(), QFile::encodeName(to).constData()) != 0)
        return Error{ErrorCode::io, u"%1 cannot be renamed to %2"_s.arg(from, to)};
    const QByteArray folder = QFile::encodeName(QFileInfo(to).absolutePath());
    const int descriptor = ::open(folder.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool isSynced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0)
        ::close(descriptor);
    if (!isSynced)
        return Error{ErrorCode::io,
                     u"%1 is written, but its name may be lost in a crash: the folder cannot be "
                     "synced"_s.arg(to)};
    return {};
}

QCborMap of(qint64 backup) { return {{u"backup"_s, backup}}; }

QCborMap at(qint64 backup, qint64 offset) { return {{u"backup"_s, backup}, {u"offset"_s, offset}}; }

/// Pulls the pieces one after the other: what is not asked for stays on the disk of the node.
Task<rpc::Answer<bool>> pull(Console &console, Copy copy, QFile *file)
{
    client::CallOptions options;
    options.repeat = client::Repeat::read;
    while (file->pos() < copy.size) {
        const QCborMap wanted = at(copy.number, file->pos());
        const rpc::Outcome piece =
            co_await console.client().call(u"backup.read"_s, wanted, options);
        if (!piece)
            co_return piece.error();
        const QByteArray bytes = piece->toMap().value("bytes"_L1).toByteArray();
        if (bytes.isEmpty() || bytes.size() > copy.size - file->pos())
            co_return rpc::Failure::of(rpc::Code::internal,
                                       u"the node sent a piece that is not of the copy"_s);
        if (file->write(bytes) != bytes.size())
            co_return notWritten(*file);
        showProgress(console, u"backup"_s, file->pos(), copy.size);
    }
    if (!file->flush() || ::fsync(file->handle()) != 0)
        co_return notWritten(*file);
    co_return true;
}

/// A copy in \a file, durable, or what is wrong.
Task<rpc::Answer<bool>> fetch(Console &console, QFile *file)
{
    const auto there = co_await console.client().connected(console.client().options().timeout);
    if (!there)
        co_return there.error();
    client::CallOptions options;
    options.timeout = beginPatience;
    const rpc::Outcome begun = co_await console.client().call(u"backup.begin"_s, {}, options);
    if (!begun)
        co_return begun.error();
    const Copy copy{begun->toMap().value("backup"_L1).toInteger(),
                    begun->toMap().value("size"_L1).toInteger()};
    const qint64 free = QStorageInfo(QFileInfo(*file).absolutePath()).bytesAvailable();
    rpc::Answer<bool> fetched = true;
    if (free >= 0 && free < copy.size)
        fetched = local(
            u"the backup has %1 MiB, and where %2 shall lie %3 MiB are free"_s.arg(copy.size >> 20)
                .arg(file->fileName())
                .arg(free >> 20));
    else
        fetched = co_await pull(console, copy, file);
    file->close();
    const QCborMap which = of(copy.number);
    const rpc::Outcome ended = co_await console.client().call(u"backup.end"_s, which);
    static_cast<void>(ended); // the node drops it by itself
    co_return std::move(fetched);
}

/// What the companion said of the file; nothing of it if it was not asked.
Result<QJsonObject> checked(const QString &file, const BackupArguments &arguments)
{
    if (arguments.isUnchecked)
        return QJsonObject();
    const Result<QByteArray> said = askCompanion({u"check"_s, file});
    if (!said)
        return said.error();
    return QJsonDocument::fromJson(*said).object();
}

Task<int> backup(Console &console, BackupArguments arguments)
{
    const QString target = QString::fromStdString(arguments.file);
    if (QFileInfo::exists(target) && !arguments.isForced) {
        const rpc::Failure there = rpc::Failure::of(
            rpc::Code::conflict,
            u"%1 exists; --force replaces it when the new one is whole"_s.arg(target));
        showFailure(there, console.isJson());
        co_return conflict;
    }
    if (!arguments.isUnchecked) {
        if (const Result<QString> found = findCompanion(); !found)
            co_return console.fail(local(
                u"the backup could not be checked: %1 (--unchecked makes one all the same)"_s.arg(
                    found.error().message)));
    }
    QFile file(target + u".tmp"_s);
    if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate)
        || !file.setPermissions(QFile::ReadOwner | QFile::WriteOwner)) // it will hold everything
        co_return console.fail(notWritten(file));
    const rpc::Answer<bool> fetched = co_await fetch(console, &file);
    endProgress(console);
    if (!fetched) {
        file.remove();
        co_return console.fail(fetched.error());
    }
    const qint64 size = file.size();
    const Result<QJsonObject> contents = checked(file.fileName(), arguments);
    if (!contents) {
        file.remove();
        co_return console.fail(local(contents.error().message));
    }
    if (const Result<void> kept = keepAs(file.fileName(), target); !kept)
        co_return console.fail(local(kept.error().message));
    QCborMap result = QCborMap::fromJsonObject(*contents);
    result.insert(u"file"_s, target);
    result.insert(u"bytes"_s, size);
    result.insert(u"checked"_s, !arguments.isUnchecked);
    console.json(result);
    if (arguments.isUnchecked)
        console.line(
            u"%1: %2 bytes, NOT checked; do it with coffer backup --verify %1"_s.arg(target).arg(
                size));
    else
        console.line(u"%1: %2 bytes, whole: revision %3, %4 files"_s.arg(target)
                         .arg(size)
                         .arg(result.value("revision"_L1).toInteger())
                         .arg(result.value("files"_L1).toInteger()));
    co_return ok;
}

} // namespace

void addBackupVerbs(CLI::App &app, Run &run, QStringList &companion)
{
    auto arguments = std::make_shared<BackupArguments>();
    CLI::App *verb = app.add_subcommand(
        "backup", "Write everything that is acknowledged now into one checked file");
    verb->add_option("file", arguments->file, "The file; FILE.tmp until it is whole")->required();
    verb->add_flag("--force", arguments->isForced, "Replace a file that is there");
    CLI::Option *only = verb->add_flag("--verify", arguments->isOnlyChecked,
                                       "Only check a backup that is there; asks no node");
    verb->add_flag("--unchecked", arguments->isUnchecked, "Do not check it (needs no cofferd-data)")
        ->excludes(only);
    verb->callback([&run, &companion, arguments] {
        if (arguments->isOnlyChecked)
            companion = {u"check"_s, QString::fromStdString(arguments->file)};
        else
            run = [arguments](Console &console) { return backup(console, *arguments); };
    });

    auto file = std::make_shared<std::string>();
    auto data = std::make_shared<std::string>();
    CLI::App *restore =
        app.add_subcommand("restore", "Make a new cluster of one node from a backup; asks no node");
    restore->add_option("file", *file, "The backup")->required();
    restore->add_option("--data", *data, "Where its node shall live: an empty or new directory")
        ->required();
    restore->callback([&companion, file, data] {
        companion = {u"restore"_s, QString::fromStdString(*file), u"--data"_s,
                     QString::fromStdString(*data)};
    });
}

} // namespace coffer::cli
