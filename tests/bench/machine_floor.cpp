// SPDX-License-Identifier: Apache-2.0
#include "bench/machine_floor.h"

#include <QFile>
#include <QTemporaryDir>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/fs.h>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace coffer::bench {

static constexpr std::size_t payloadBytes = 300;

namespace {

class Timer
{
public:
    [[nodiscard]] double milliseconds() const
    {
        const std::chrono::duration<double, std::milli> passed =
            std::chrono::steady_clock::now() - m_began;
        return passed.count();
    }

private:
    std::chrono::steady_clock::time_point m_began = std::chrono::steady_clock::now();
};

} // namespace

static void require(bool isDone, const char *what)
{
    if (isDone)
        return;
    std::perror(what);
    std::exit(1);
}

static double median(std::vector<double> times)
{
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// The blocks exist before, like those of a journal.
static std::vector<double> syncAgainAndAgain(const std::string &path)
{
    static constexpr int times = 1'500;
    const std::string whole(std::size_t(1) << 20, '0');
    const std::string bytes(payloadBytes, 'x');
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    require(file >= 0, "bench: cannot make a file");
    require(::pwrite(file, whole.data(), whole.size(), 0) == ssize_t(whole.size()),
            "bench: cannot write");
    require(::fsync(file) == 0, "bench: cannot sync");
    std::vector<double> took;
    for (int n = 0; n < times; ++n) {
        const Timer timer;
        const auto offset = off_t(std::size_t(n) * payloadBytes % (whole.size() - payloadBytes));
        require(::pwrite(file, bytes.data(), bytes.size(), offset) == ssize_t(bytes.size()),
                "bench: cannot write");
        require(::fdatasync(file) == 0, "bench: cannot sync");
        took.push_back(timer.milliseconds());
        const timespec pause{0, 200'000}; // until the next write comes
        ::ppoll(nullptr, 0, &pause, nullptr);
    }
    ::close(file);
    return took;
}

static double syncTime(int files)
{
    const QTemporaryDir folder;
    std::vector<std::vector<double>> took{std::size_t(files)};
    std::vector<std::thread> threads;
    for (int n = 0; n < files; ++n) {
        const std::string path = folder.filePath(QString::number(n)).toStdString();
        threads.emplace_back([&took, n, path] { took[std::size_t(n)] = syncAgainAndAgain(path); });
    }
    std::vector<double> all;
    for (std::size_t n = 0; n < threads.size(); ++n) {
        threads[n].join();
        all.insert(all.end(), took[n].begin(), took[n].end());
    }
    return median(std::move(all));
}

/// Sleeps until all of a message is there. False when the other side is gone.
static bool await(int socket, std::string &bytes)
{
    pollfd waiting{socket, POLLIN, 0};
    return ::poll(&waiting, 1, -1) == 1
           && ::recv(socket, bytes.data(), bytes.size(), MSG_WAITALL) == ssize_t(bytes.size());
}

static bool say(int socket, const std::string &bytes)
{
    return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size());
}

static void echo(int listening)
{
    const int socket = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    require(socket >= 0, "bench: cannot accept");
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::string bytes(payloadBytes, ' ');
    while (await(socket, bytes) && say(socket, bytes)) {}
    ::close(socket);
}

static double roundTripTime()
{
    static constexpr int times = 3'000;
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto *place = reinterpret_cast<sockaddr *>(&address);
    require(::bind(listening, place, size) == 0 && ::listen(listening, 1) == 0
                && ::getsockname(listening, place, &size) == 0,
            "bench: cannot listen");
    std::thread other(echo, listening);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(socket, place, size) == 0, "bench: cannot connect");
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::vector<double> took;
    std::string bytes(payloadBytes, 'x');
    for (int n = 0; n < times; ++n) {
        const Timer timer;
        require(say(socket, bytes) && await(socket, bytes), "bench: no echo");
        took.push_back(timer.milliseconds());
    }
    ::close(socket);
    other.join();
    ::close(listening);
    return median(std::move(took));
}

WriteFloor measureWriteFloor(int nodes)
{
    WriteFloor floor;
    floor.syncMs = syncTime(nodes);
    floor.roundTripMs = roundTripTime();
    return floor;
}

void spread(const QString &folder)
{
    const int directory =
        ::open(QFile::encodeName(folder).constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int flags = 0;
    if (::ioctl(directory, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        static_cast<void>(::ioctl(directory, FS_IOC_SETFLAGS, &flags));
    }
    ::close(directory);
}

static void appendSynced(const std::string &path, const std::string &bytes)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    require(file >= 0 && ::write(file, bytes.data(), bytes.size()) == ssize_t(bytes.size())
                && ::fsync(file) == 0,
            "bench: cannot write a file");
    ::close(file);
}

static void sync(const std::string &path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    require(file >= 0 && ::fsync(file) == 0, "bench: cannot sync");
    ::close(file);
}

static void rename(const std::string &from, const std::string &to)
{
    require(::rename(from.c_str(), to.c_str()) == 0, "bench: cannot rename");
}

static void makeFolder(const std::string &path)
{
    require(::mkdir(path.c_str(), 0700) == 0, "bench: cannot make a folder");
}

static void makeLink(const std::string &target, const std::string &path)
{
    require(::symlink(target.c_str(), path.c_str()) == 0, "bench: cannot make a link");
}

static void replace(const std::string &folder)
{
    appendSynced(folder + "/draft", std::string(payloadBytes, 'x'));
    rename(folder + "/draft", folder + "/file");
    sync(folder);
}

/// As agent/swap.cpp does it for a service of one file and the style `directory`; the record is
/// synced when it returns.
static void switchTo(const std::string &folder, int round)
{
    const std::string content(1'600, 'x');
    const std::string record(1'000, 'x');
    const std::string version = std::to_string(round);
    const std::string work = folder + "/work"; // beside the record, where an agent has two folders
    if (round == 0)
        makeFolder(folder + "/bundles");
    appendSynced(folder + "/bundles/new", content);
    rename(folder + "/bundles/new", folder + "/bundles/" + version);
    sync(folder + "/bundles");
    makeFolder(work);
    appendSynced(work + "/file", content);
    sync(work);
    makeLink("v" + version, work + "~forth");
    makeLink("v" + std::to_string(round - 1), work + "~back");
    appendSynced(folder + "/record", record);
    rename(work, folder + "/v" + version);
    sync(folder);
    rename(work + "~forth", folder + "/current");
    sync(folder);
    appendSynced(folder + "/record", record);
}

static void tidyUp(const std::string &folder, int round)
{
    static constexpr int kept = 5;
    require(::unlink((folder + "/work~back").c_str()) == 0, "bench: cannot remove a file");
    if (round < kept)
        return;
    const std::string version = std::to_string(round - kept);
    const std::string old = folder + "/v" + version;
    require(::unlink((old + "/file").c_str()) == 0 && ::rmdir(old.c_str()) == 0
                && ::unlink((folder + "/bundles/" + version).c_str()) == 0,
            "bench: cannot remove a file");
}

/// Each of \a count threads does \a step in a folder of its own, then \a after: milliseconds from
/// the start of a round until each has done its step.
template<class Step, class After>
static std::vector<double> atOnce(int count, int rounds, const Step &step, const After &after)
{
    const QTemporaryDir folder;
    spread(folder.path());
    std::vector<double> all;
    std::mutex mutex; // of all
    Timer timer;      // of this round
    const auto begin = [&timer]() noexcept { timer = Timer(); };
    std::barrier start(count, begin);
    std::vector<std::thread> threads;
    for (int n = 0; n < count; ++n) {
        const std::string own = folder.filePath(QString::number(n)).toStdString();
        makeFolder(own);
        threads.emplace_back([&, own] {
            for (int round = 0; round < rounds; ++round) {
                start.arrive_and_wait();
                step(own, round);
                const double took = timer.milliseconds();
                after(own, round);
                const std::lock_guard lock(mutex);
                all.push_back(took);
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<double> replaceFilesAtOnce(int count, int rounds)
{
    const auto step = [](const std::string &folder, int) { replace(folder); };
    return atOnce(count, rounds, step, [](const std::string &, int) {});
}

std::vector<double> switchAtOnce(int count, int rounds)
{
    return atOnce(count, rounds, switchTo, tidyUp);
}

} // namespace coffer::bench
