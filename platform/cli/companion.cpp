// SPDX-License-Identifier: Apache-2.0
#include "cli/companion.h"

#include "cli/console.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStandardPaths>

#include <cerrno>
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

static const QString jsonFlag = QStringLiteral("--json");

/// Something of this machine: no node was asked.
static rpc::Failure local(const QString &why) { return rpc::Failure::of(rpc::Code::refused, why); }

/// Returns only if that is impossible, and why.
static rpc::Failure become(const QString &program, const QStringList &arguments)
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
    return local(u"%1 cannot be run: %2"_s.arg(program, qt_error_string(errno)));
}

int becomeCompanion(const QStringList &arguments, bool isJson)
{
    const Result<QString> program = findCompanion();
    const QStringList words = isJson ? QStringList(jsonFlag) + arguments : arguments;
    showFailure(program ? become(*program, words) : local(program.error().message), isJson);
    return failure;
}

void becomeExtension(const QString &verb, const QStringList &arguments)
{
    const QString program = QStandardPaths::findExecutable(u"coffer-"_s + verb);
    if (!verb.contains(u'/') && !program.isEmpty())
        showFailure(become(program, arguments), arguments.contains(jsonFlag));
}

/// The sentence in an error that it said as JSON.
static QString sentenceIn(const QByteArray &said)
{
    const QJsonObject object = QJsonDocument::fromJson(said).object();
    const QString sentence = object.value("error"_L1).toObject().value("message"_L1).toString();
    return sentence.isEmpty() ? QString::fromUtf8(said).trimmed() : sentence;
}

Result<QByteArray> askCompanion(const QStringList &arguments)
{
    const Result<QString> program = findCompanion();
    if (!program)
        return program.error();
    QProcess process;
    process.start(*program, QStringList(jsonFlag) + arguments);
    if (!process.waitForFinished(-1) || process.exitStatus() != QProcess::NormalExit
        || process.exitCode() != 0) {
        const QString said = sentenceIn(process.readAllStandardError());
        return Error{ErrorCode::corrupt, said.isEmpty() ? process.errorString() : said};
    }
    return process.readAllStandardOutput();
}

} // namespace coffer::cli
