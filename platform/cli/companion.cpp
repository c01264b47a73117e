// SPDX-License-Identifier: Apache-2.0
#include "cli/companion.h"

#include "cli/exit_code.h"

#include <QCoreApplication>
#include <QProcess>
#include <QStandardPaths>

#include <cstdio>
#include <cstring>
#include <unistd.h>
#include <vector>

using namespace Qt::StringLiterals;

namespace coffer::cli {

Result<QString> findCompanion()
{
    const QString name = u"cofferd-data"_s;
    QString found = QStandardPaths::findExecutable(name, {QCoreApplication::applicationDirPath()});
    if (found.isEmpty())
        found = QStandardPaths::findExecutable(name);
    if (found.isEmpty())
        return Error{ErrorCode::notFound,
                     u"%1 is neither beside this program nor on PATH; it comes with cofferd, so "
                     "install that here, or do this on the machine of a node"_s.arg(name)};
    return found;
}

/// Returns only if that is impossible.
static int become(const QString &program, const QStringList &arguments)
{
    std::vector<QByteArray> words{program.toLocal8Bit()};
    for (const QString &argument : arguments)
        words.push_back(argument.toLocal8Bit());
    std::vector<char *> pointers;
    pointers.reserve(words.size() + 1);
    for (QByteArray &word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execv(pointers.front(), pointers.data());
    std::fprintf(stderr, "coffer: %s cannot be run: %s\n", pointers.front(),
                 std::strerror(errno)); // NOLINT(concurrency-mt-unsafe) there is one thread
    return failure;
}

int becomeCompanion(const QStringList &arguments)
{
    const Result<QString> program = findCompanion();
    if (program)
        return become(*program, arguments);
    std::fprintf(stderr, "coffer: %s\n", qUtf8Printable(program.error().message));
    return failure;
}

void becomeExtension(const QString &verb, const QStringList &arguments)
{
    const QString program = QStandardPaths::findExecutable(u"coffer-"_s + verb);
    if (!verb.contains(u'/') && !program.isEmpty())
        (void)become(program, arguments);
}

Result<QByteArray> askCompanion(const QStringList &arguments)
{
    const Result<QString> program = findCompanion();
    if (!program)
        return program.error();
    QProcess process;
    process.start(*program, arguments);
    if (!process.waitForFinished(-1) || process.exitStatus() != QProcess::NormalExit
        || process.exitCode() != 0) {
        const QString said = QString::fromUtf8(process.readAllStandardError()).trimmed();
        return Error{ErrorCode::corrupt, said.isEmpty() ? process.errorString() : said};
    }
    return process.readAllStandardOutput();
}

} // namespace coffer::cli
