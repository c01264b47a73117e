// SPDX-License-Identifier: Apache-2.0
#include "base/eventual.h"
#include "cli/verbs.h"

#include <CLI/CLI.hpp>
#include <QCborArray>
#include <QDeadlineTimer>
#include <QTimer>

#include <memory>
#include <unistd.h>
#include <vector>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

constexpr std::chrono::milliseconds between(500); ///< Two tries.

struct Swap
{
    std::string old;
    std::string by;
    double waitSeconds = 300;
};

/// Steps that people see; lines of a log where nobody looks at a terminal.
class Steps
{
public:
    explicit Steps(Console &console) : m_console(console), m_isShown(::isatty(STDERR_FILENO) != 0)
    {}
    void say(const QString &text)
    {
        if (text == m_last)
            return;
        m_last = text;
        if (m_isShown)
            std::fprintf(stderr, "\r\x1b[K%s", qUtf8Printable(text));
        else
            m_console.aside(text);
    }
    void end() const
    {
        if (m_isShown)
            std::fprintf(stderr, "\r\x1b[K");
    }

private:
    Console &m_console;
    bool m_isShown;
    QString m_last;
};

Task<rpc::Outcome> ask(Console &console, QString method, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::safe; // each of these does nothing if it is done already
    rpc::Outcome outcome = co_await console.client().call(method, params, options);
    co_return outcome;
}

Task<void> pause(Console &console)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the end"_s});
    QTimer::singleShot(between, &console.client(), [set = over.setter()] { set(true); });
    static_cast<void>(co_await over);
}

/// How far the new member is, if the node that was asked leads.
Task<QString> progressOf(Console &console, QString node)
{
    const rpc::Outcome status = co_await ask(console, u"cluster.status"_s, {});
    if (!status)
        co_return QString();
    const QCborMap map = status->toMap();
    for (const QCborValue each : map.value("held"_L1).toArray()) {
        if (each.toMap().value("node"_L1).toString() == node)
            co_return u"%1 holds slot %2 of %3"_s.arg(node)
                .arg(each.toMap().value("slot"_L1).toInteger())
                .arg(map.value("chosen"_L1).toInteger());
    }
    co_return QString();
}

/// Whether a later try may do what this one did not.
bool isPassing(const rpc::Failure &failure)
{
    switch (failure.code) {
    case rpc::Code::refused: // It has not caught up, or another change is under way.
    case rpc::Code::unavailable:
    case rpc::Code::unknownOutcome: // A repeated replace finds out.
    case rpc::Code::deadline: return true;
    default: return false;
    }
}

/// A change of members that may have to wait.
struct Change
{
    QString method;
    QCborMap params;
};

/// Does \a changes in turn, and tries each again until it is done or the patience is over. Each
/// does nothing if it is done already: whoever comes back after an interruption just begins again.
Task<int> strive(Console &console, std::vector<Change> changes, Swap swap)
{
    QDeadlineTimer patience(qint64(swap.waitSeconds * 1000));
    Steps steps(console);
    rpc::Outcome done = QCborValue();
    for (std::size_t at = 0; at < changes.size();) {
        done = co_await ask(console, changes[at].method, changes[at].params);
        if (done) {
            ++at;
            continue;
        }
        if (!isPassing(done.error()) || patience.hasExpired()) {
            steps.end();
            co_return console.fail(done.error());
        }
        const QString held = co_await progressOf(console, QString::fromStdString(swap.by));
        steps.say(u"waiting: %1"_s.arg(held.isEmpty() ? done.error().message : held));
        co_await pause(console);
    }
    steps.end();
    console.json(*done);
    co_return ok;
}

Task<int> replace(Console &console, Swap swap)
{
    const QString old = QString::fromStdString(swap.old);
    const QString by = QString::fromStdString(swap.by);
    const QCborMap params{{u"node"_s, old}, {u"by"_s, by}, {u"wait"_s, false}};
    std::vector<Change> changes{{u"members.replace"_s, params}};
    const int code = co_await strive(console, changes, swap);
    if (code == ok)
        console.line(u"%1 has the place of %2, which may be stopped and wiped"_s.arg(by, old));
    co_return code;
}

Task<int> add(Console &console, Swap swap)
{
    const QString by = QString::fromStdString(swap.by);
    const QCborMap params{{u"node"_s, by}};
    std::vector<Change> changes{{u"members.add"_s, params}, {u"members.promote"_s, params}};
    const int code = co_await strive(console, changes, swap);
    if (code == ok)
        console.line(u"%1 is a voter"_s.arg(by));
    co_return code;
}

/// A verb that brings in a new node.
void addJoin(CLI::App &node, Run &run, const char *name, const char *summary,
             std::pair<std::shared_ptr<Swap>, Task<int> (*)(Console &, Swap)> how)
{
    const auto [swap, call] = how;
    CLI::App *verb = node.add_subcommand(name, summary);
    if (call == &replace)
        verb->add_option("old", swap->old, "As `coffer member list` shows it")->required();
    verb->add_option("new", swap->by, "As `coffer --endpoints <it> status` shows it")->required();
    verb->add_option("--wait", swap->waitSeconds, "Seconds until it must have caught up")
        ->check(CLI::Range(0.0, 86'400.0))
        ->capture_default_str();
    verb->callback([&run, swap = swap, call = call] {
        run = [swap, call](Console &console) { return call(console, *swap); };
    });
}

void addRecover(CLI::App &node, QStringList &companion)
{
    struct Arguments
    {
        std::string data;
        std::string into;
        bool isForced = false;
        bool isAccepted = false;
    };
    auto given = std::make_shared<Arguments>();
    CLI::App *verb = node.add_subcommand(
        "recover", "After a majority is lost for good: a new cluster from one node's directory");
    verb->add_flag("--force-single", given->isForced, "Give up all other members")->required();
    verb->add_option("--data", given->data, "The directory of the node, which must not run")
        ->required();
    verb->add_option("--into", given->into,
                     "Where the new node shall live, empty or new; DATA.recovered unless given");
    verb->add_flag("--yes-i-accept-losing-acknowledged-writes", given->isAccepted, "Do not ask");
    verb->callback([&companion, given] {
        companion = {u"recover"_s, u"--force-single"_s, u"--data"_s,
                     QString::fromStdString(given->data)};
        if (!given->into.empty())
            companion << u"--into"_s << QString::fromStdString(given->into);
        if (given->isAccepted)
            companion << u"--yes-i-accept-losing-acknowledged-writes"_s;
    });
}

} // namespace

void addNodeVerbs(CLI::App &app, Run &run, QStringList &companion)
{
    CLI::App *node =
        app.add_subcommand("node", "Bring in a node, replace one; recover after a lost majority");
    node->require_subcommand(1);
    addJoin(*node, run, "add", "Make a new node a voter, once it has caught up; may be repeated",
            {std::make_shared<Swap>(), &add});
    addJoin(*node, run, "replace",
            "Give the place of a dead or damaged member to a new node; may be repeated",
            {std::make_shared<Swap>(), &replace});
    addRecover(*node, companion);
}

} // namespace coffer::cli
