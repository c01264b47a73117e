// SPDX-License-Identifier: Apache-2.0
#include "node/refounding.h"
#include "node/system.h"
#include "rpc/error.h"
#include "rpc/json.h"

#include <CLI/CLI.hpp>
#include <QDateTime>
#include <QDir>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace coffer;
using namespace Qt::StringLiterals;

namespace {

/// As those of `coffer`, which runs this program.
enum Exit { ok = 0, failure = 1, usage = 2, notFound = 3 };

struct Arguments
{
    std::string file;
    std::string data;
    std::string into;
    bool isForced = false;
    bool isAccepted = false;
    bool isJson = false;
};

void say(const QString &line) { std::printf("%s\n", qUtf8Printable(line)); }

void warn(const QString &line) { std::fprintf(stderr, "%s\n", qUtf8Printable(line)); }

/// As `coffer` shows its own.
int failed(const rpc::Failure &why, bool isJson)
{
    if (isJson) {
        const QCborMap error{{u"error"_s, rpc::toCbor(why)}};
        const QJsonDocument document(rpc::toJson(error).toObject());
        warn(QString::fromUtf8(document.toJson(QJsonDocument::Compact)));
    } else {
        warn(u"coffer: "_s + why.message);
    }
    switch (why.code) {
    case rpc::Code::invalidArgument: return usage;
    case rpc::Code::notFound: return notFound;
    default: return failure;
    }
}

int failed(const Error &error, bool isJson)
{
    const bool isNone = error.code == ErrorCode::notFound;
    return failed(
        rpc::Failure::of(isNone ? rpc::Code::notFound : rpc::Code::refused, error.message), isJson);
}

/// One line that is written over, for people who look.
void showProgress(const QString &what, std::uint64_t done, std::uint64_t total)
{
    if (::isatty(STDERR_FILENO) == 0)
        return;
    static constexpr int width = 40;
    QString line = what;
    if (total > 0) {
        const int full = int(done * width / total);
        line = u"%1 [%2%3] %4 %"_s.arg(what, QString(full, u'#'), QString(width - full, u'.'))
                   .arg(done * 100 / total);
    }
    std::fprintf(stderr, "\r\x1b[K%s%s", qUtf8Printable(line), total > 0 ? "" : " ...");
}

void endProgress()
{
    if (::isatty(STDERR_FILENO) != 0)
        std::fprintf(stderr, "\r\x1b[K");
}

QString timeText(WallMs time)
{
    return QDateTime::fromMSecsSinceEpoch(time.count(), Qt::UTC).toString(Qt::ISODate);
}

QJsonObject jsonOf(const node::Contents &contents)
{
    return {{u"cluster"_s, node::idText(contents.cluster.value())},
            {u"applied"_s, qint64(contents.applied.value())},
            {u"revision"_s, qint64(contents.revision.value())},
            {u"floor"_s, qint64(contents.floor.value())},
            {u"timeMs"_s, qint64(contents.time.count())},
            {u"files"_s, qint64(contents.files)},
            {u"liveBytes"_s, qint64(contents.liveBytes)},
            {u"sessions"_s, qint64(contents.sessions)}};
}

void sayJson(const QJsonObject &object)
{
    say(QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact)));
}

QString textOf(const node::Contents &contents)
{
    return u"cluster %1, slot %2, revision %3 (kept from %4), %5 files of %6 bytes, %7 sessions, "
           "written %8"_s.arg(node::idText(contents.cluster.value()))
               .arg(contents.applied.value())
               .arg(contents.revision.value())
               .arg(contents.floor.value())
               .arg(contents.files)
               .arg(contents.liveBytes)
               .arg(contents.sessions)
               .arg(timeText(contents.time));
}

int sayRefounded(const node::Refounded &made, bool isJson)
{
    if (isJson) {
        sayJson({{u"directory"_s, made.directory},
                 {u"node"_s, node::idText(made.node.value())},
                 {u"from"_s, jsonOf(made.from)},
                 {u"now"_s, jsonOf(made.now)}});
        return ok;
    }
    say(u"taken over: %1"_s.arg(textOf(made.from)));
    say(u"new cluster %1 with one member, node %2; the next revision is %3, sessions have ended"_s
            .arg(node::idText(made.now.cluster.value()), node::idText(made.node.value()))
            .arg(made.now.revision.value() + 1));
    say(u"start it:  cofferd --data %1"_s.arg(made.directory));
    return ok;
}

int check(const Arguments &arguments)
{
    const auto contents = node::checkBackup(QString::fromStdString(arguments.file));
    if (!contents)
        return failed(contents.error(), arguments.isJson);
    if (arguments.isJson)
        sayJson(jsonOf(*contents));
    else
        say(u"whole: %1"_s.arg(textOf(*contents)));
    return ok;
}

int restore(const Arguments &arguments)
{
    node::SystemClock clock;
    node::SystemRandom random;
    const auto made =
        node::restoreBackup(QString::fromStdString(arguments.file),
                            QString::fromStdString(arguments.data), {clock, random, &showProgress});
    endProgress();
    return made ? sayRefounded(*made, arguments.isJson) : failed(made.error(), arguments.isJson);
}

void sayWhatIsLost(const node::Recovery &recovery)
{
    const engine::Salvage &salvage = recovery.salvage();
    warn(u"This makes a NEW cluster of what one node holds. It cannot be undone."_s);
    warn(u"  here:     node %1 of %2"_s.arg(node::idText(recovery.self().value()),
                                            textOf(recovery.contents())));
    warn(
        u"  last:     slot %1; up to %2 it is known as acknowledged, the rest this node only voted "
        "for"_s.arg(salvage.applied.value())
            .arg(salvage.chosenUpTo.value()));
    for (const NodeId node : salvage.configuration.members.voters) {
        if (node != recovery.self())
            warn(u"  given up: voter %1; what it acknowledged above slot %2 is LOST"_s
                     .arg(node::idText(node.value()))
                     .arg(salvage.applied.value()));
    }
    if (salvage.isFenced)
        warn(
            u"  WARNING:  this node is fenced: its disk has lost what it once held. Prefer another "
            "node."_s);
    warn(u"Recover from the surviving node with the highest slot, and from no other as well. The "
         u"old "
         "members must not serve clients again: wipe them."_s);
}

/// Typing the id shows that the right cluster is meant.
bool isConfirmed(ClusterId cluster)
{
    const QString wanted = node::idText(cluster.value());
    std::fprintf(stderr, "Type the cluster id, %s, to go on: ", qUtf8Printable(wanted));
    std::string line;
    std::getline(std::cin, line);
    return QString::fromStdString(line).trimmed() == wanted;
}

int recover(const Arguments &arguments)
{
    if (!arguments.isForced) {
        return failed(
            rpc::Failure::of(rpc::Code::invalidArgument,
                             u"--force-single is missing: recovering gives up all members "
                             "but one, and acknowledged writes may be lost"_s),
            arguments.isJson);
    }
    node::SystemClock clock;
    node::SystemRandom random;
    const node::RefoundingParts parts{clock, random, &showProgress};
    const QString data = QString::fromStdString(arguments.data);
    const auto recovery = node::Recovery::open(data, parts);
    if (!recovery)
        return failed(recovery.error(), arguments.isJson);
    sayWhatIsLost(**recovery);
    if (!arguments.isAccepted && !isConfirmed((*recovery)->salvage().cluster)) {
        return failed(Error{ErrorCode::refused, u"not confirmed; nothing was changed"_s},
                      arguments.isJson);
    }
    const QString into = arguments.into.empty() ? QDir::cleanPath(data) + u".recovered"_s
                                                : QString::fromStdString(arguments.into);
    const auto made = (*recovery)->refound(into);
    endProgress();
    return made ? sayRefounded(*made, arguments.isJson) : failed(made.error(), arguments.isJson);
}

} // namespace

int main(int count, char **words)
{
    ::umask(0077); // what it makes holds values and hashes of tokens
    CLI::App app("Works on backups and on directories of nodes that do not run. `coffer backup "
                 "--verify`, `coffer restore` and `coffer node recover` run it.\n"
                 "Ends with 0: done, 1: failed, 2: wrong command line, 3: not found.",
                 "cofferd-data");
    Arguments arguments;
    int (*run)(const Arguments &) = nullptr;
    app.require_subcommand(1);
    app.fallthrough();
    app.add_flag("--json", arguments.isJson, "A line of JSON in place of text");

    CLI::App *checking = app.add_subcommand("check", "Check a backup; changes nothing");
    checking->add_option("file", arguments.file, "The backup")->required();
    checking->callback([&run] { run = &check; });

    CLI::App *restoring = app.add_subcommand("restore", "Make a new cluster of a backup");
    restoring->add_option("file", arguments.file, "The backup")->required();
    restoring->add_option("--data", arguments.data, "An empty or new directory")->required();
    restoring->callback([&run] { run = &restore; });

    CLI::App *recovering =
        app.add_subcommand("recover", "Make a new cluster of what one node holds");
    recovering->add_flag("--force-single", arguments.isForced, "Give up all other members");
    recovering->add_option("--data", arguments.data, "The directory of the node")->required();
    recovering->add_option("--into", arguments.into,
                           "An empty or new directory; DATA.recovered unless given");
    recovering->add_flag("--yes-i-accept-losing-acknowledged-writes", arguments.isAccepted,
                         "Do not ask");
    recovering->callback([&run] { run = &recover; });
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError &error) {
        const auto isFlag = [](const char *word) { return std::strcmp(word, "--json") == 0; };
        const bool isJson = error.get_exit_code() != 0 && std::any_of(words, words + count, isFlag);
        if (isJson) {
            const QString why = QString::fromStdString(error.what());
            return failed(rpc::Failure::of(rpc::Code::invalidArgument, why), true);
        }
        return app.exit(error) == 0 ? ok : usage;
    }
    return run(arguments);
}
