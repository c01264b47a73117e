// SPDX-License-Identifier: Apache-2.0
#include "unit/agent/switch_kit.h"

#include "agent/file_tree.h"

#include <algorithm>

namespace coffer::agent {

QCoro::Task<CommandOutcome> FakeActions::run(Command command, Environment environment)
{
    const QByteArray program = command.argv.front();
    ran.push_back(program + ' ' + environment["COFFER_VERSION"]);
    environments.push_back(environment);
    if (onRun)
        onRun(program);
    if (program == gated) {
        Eventual<bool> gate({ErrorCode::unavailable, QString()});
        m_gates.push_back(gate.setter());
        static_cast<void>(co_await gate);
    }
    std::vector<bool> &results = script[program];
    const bool isOk = results.empty() || results.front();
    if (results.size() > 1)
        results.erase(results.begin());
    co_return isOk ? CommandOutcome{.isOk = true}
                   : CommandOutcome{.reason = QStringLiteral("ended with 1"),
                                    .output = QStringLiteral("line 3: no")};
}

void FakeActions::open()
{
    gated.clear();
    for (const Eventual<bool>::Setter &set : std::exchange(m_gates, {}))
        set(true);
}

Result<bool> FakeActions::signal(std::int64_t process, int number)
{
    sent.emplace_back(process, number);
    return isProcessThere;
}

QCoro::Task<void> FakeActions::pause(std::chrono::milliseconds duration)
{
    now += duration;
    if (onPause)
        onPause();
    co_return;
}

static config::BundleFile fileOf(const char *path, const char *bytes, std::uint16_t mode = 0644)
{
    return {.path = path, .rights = {.mode = mode}, .bytes = bytes};
}

Version versionOne()
{
    return {"v1",
            {{fileOf("a.conf", "a of one\n"), fileOf("gone/old.conf", "old of one\n"),
              fileOf("rights.conf", "rights\n"), fileOf("same.conf", "same\n"),
              fileOf("sub/b.conf", "b of one\n", 0600)}}};
}

Version versionTwo()
{
    return {"v2",
            {{fileOf("a.conf", "a of two, which is longer\n"),
              fileOf("new/deep/c.conf", "c of two\n"), fileOf("rights.conf", "rights\n", 0640),
              fileOf("same.conf", "same\n"), fileOf("sub/b.conf", "b of two\n", 0600)}}};
}

Version versionThree()
{
    return {"v3", {{fileOf("a.conf", "a of three\n"), fileOf("sub/b.conf", "b of one\n", 0600)}}};
}

Target targetOf(Target::Style style)
{
    return {.service = "shop",
            .style = style,
            .destination = destination,
            .check = {.argv = {"/check"}},
            .reload = {.kind = Reload::Kind::command, .command = {.argv = {"/reload"}}},
            .health = {.command = {.argv = {"/health"}}}};
}

Host::Host(Target wanted) : target(std::move(wanted))
{
    disk.put(destination + "/foreign.txt", "not ours");
    disk.put(destination + "/sub/foreign.txt", "not ours");
    disk.put(stateDirectory + "/lock", "");
}

Host::Host(Target wanted, const MemoryFiles &of) : target(std::move(wanted)), disk(of) {}

Result<void> Host::start()
{
    m_switcher.reset();
    m_switcher = std::make_unique<Switcher>(target, stateDirectory,
                                            Switcher::World{disk, actions, actions, random});
    return m_switcher->recover();
}

Verdict Host::apply(const Version &version)
{
    return QCoro::waitFor(m_switcher->apply(version.offer(), version.bytes()));
}

QByteArray Host::base()
{
    if (target.style == Target::Style::files)
        return target.destination;
    const Result<QByteArray> link = disk.linkTarget(target.destination + "/current");
    return link ? target.destination + '/' + *link : QByteArray();
}

std::map<QByteArray, QByteArray> Host::shown()
{
    std::map<QByteArray, QByteArray> found;
    if (base().isEmpty())
        return found;
    const Result<std::vector<QByteArray>> paths = filesBelow(disk, base());
    for (const QByteArray &path : paths.value_or(std::vector<QByteArray>{"unreadable"})) {
        if (path.startsWith(".coffer-") || path.endsWith("foreign.txt"))
            continue;
        const QByteArray whole = base() + '/' + path;
        const auto status = disk.status(whole);
        found[path] = QByteArray::number(status && *status ? (*status)->mode : 0, 8) + ' '
                      + disk.read(whole, 1'000'000).value_or(QByteArray("unreadable"));
    }
    return found;
}

static std::map<QByteArray, QByteArray> filesOf(const Version &version)
{
    std::map<QByteArray, QByteArray> files;
    for (const config::BundleFile &file : version.bundle.files)
        files[file.path] = QByteArray::number(file.rights.mode, 8) + ' ' + file.bytes;
    return files;
}

bool Host::isExactly(const Version &version) { return shown() == filesOf(version); }

QByteArray Host::showsVersion()
{
    for (const Version &version : {versionOne(), versionTwo(), versionThree()}) {
        if (isExactly(version))
            return version.name;
    }
    return shown().empty() ? "none" : "mixture";
}

bool Host::areFilesWhole()
{
    std::map<QByteArray, std::set<QByteArray>> allowed;
    for (const Version &version : {versionOne(), versionTwo(), versionThree()}) {
        for (const auto &[path, bytes] : filesOf(version))
            allowed[path].insert(bytes);
    }
    for (const auto &[path, bytes] : shown()) {
        if (!allowed[path].contains(bytes))
            return false;
    }
    return disk.read(destination + "/foreign.txt", 100).value_or(QByteArray()) == "not ours"
           && disk.read(destination + "/sub/foreign.txt", 100).value_or(QByteArray()) == "not ours";
}

bool Host::isTidy()
{
    const Result<QByteArrayList> names = disk.names(target.destination);
    return names && std::ranges::none_of(*names, [](const QByteArray &name) {
               return name.startsWith(".coffer-");
           });
}

} // namespace coffer::agent
