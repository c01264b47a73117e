// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_files.h"
#include "agent/file_tree.h"
#include "unit/agent/switch_kit.h"

#include <QCoreApplication>

#include <cstdio>

#include <unistd.h>

using namespace coffer;
using namespace coffer::agent;

/// The disk of this host; a byte goes to standard output before each step.
class TellingFiles final : public Files
{
public:
    Result<std::optional<FileStatus>> status(const QByteArray &path) override
    {
        return m_disk.status(path);
    }
    Result<QByteArray> read(const QByteArray &path, std::uint64_t bytesMax) override
    {
        return m_disk.read(path, bytesMax);
    }
    Result<QByteArray> linkTarget(const QByteArray &path) override
    {
        return m_disk.linkTarget(path);
    }
    Result<QByteArrayList> names(const QByteArray &path) override { return m_disk.names(path); }
    Result<std::uint32_t> userId(const QByteArray &name) override { return m_disk.userId(name); }
    Result<std::uint32_t> groupId(const QByteArray &name) override { return m_disk.groupId(name); }
    std::uint32_t user() override { return m_disk.user(); }
    Result<void> makeDirectory(const QByteArray &path, std::uint16_t mode) override
    {
        return told().makeDirectory(path, mode);
    }
    Result<void> makeFile(const QByteArray &path, QByteArrayView bytes,
                          const Rights &rights) override
    {
        return told().makeFile(path, bytes, rights);
    }
    Result<void> append(const QByteArray &path, QByteArrayView bytes) override
    {
        return told().append(path, bytes);
    }
    Result<void> sync(const QByteArray &path) override { return told().sync(path); }
    Result<void> link(const QByteArray &path, const QByteArray &newPath) override
    {
        return told().link(path, newPath);
    }
    Result<void> makeLink(const QByteArray &target, const QByteArray &path) override
    {
        return told().makeLink(target, path);
    }
    Result<void> rename(const QByteArray &from, const QByteArray &to) override
    {
        return told().rename(from, to);
    }
    Result<void> remove(const QByteArray &path) override { return told().remove(path); }
    Result<void> removeDirectory(const QByteArray &path) override
    {
        return told().removeDirectory(path);
    }

private:
    DiskFiles &told()
    {
        if (::write(STDOUT_FILENO, ".", 1) != 1)
            ::_exit(3); // The test is gone.
        return m_disk;
    }
    DiskFiles m_disk;
};

/// usage: switch_child FOLDER directory|files. Switches for ever, until it is killed.
int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    if (argc != 3)
        return 2;
    const QByteArray folder = argv[1];
    Target target =
        targetOf(argv[2] == QByteArray("files") ? Target::Style::files : Target::Style::directory);
    target.destination = folder + "/target";
    TellingFiles files;
    FakeActions actions;
    SeededRandom random(1);
    Switcher switcher(target, folder + "/state", {files, actions, actions, random});
    if (!switcher.recover())
        return 4;
    while (true) {
        for (const Version &version : {versionOne(), versionTwo(), versionThree()}) {
            const Verdict verdict =
                QCoro::waitFor(switcher.apply(version.offer(), version.bytes()));
            if (verdict.state != Verdict::State::healthy) {
                std::fprintf(stderr, "%s\n", qPrintable(verdict.error));
                return 5;
            }
        }
    }
}
