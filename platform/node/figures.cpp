// SPDX-License-Identifier: Apache-2.0
#include "node/figures.h"

#include "node/host.h"

#include <QDir>
#include <QFile>

#include <prometheus/text_serializer.h>

#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace coffer::node {

void Figures::add(prometheus::MetricFamily family, prometheus::ClientMetric metric,
                  const Labels &labels)
{
    for (const auto &[name, value] : labels)
        metric.label.push_back({name, value});
    if (m_families.empty() || m_families.back().name != family.name)
        m_families.push_back(std::move(family));
    m_families.back().metric.push_back(std::move(metric));
}

void Figures::gauge(const char *name, const char *help, double value, const Labels &labels)
{
    prometheus::ClientMetric metric;
    metric.gauge.value = value;
    add({name, help, prometheus::MetricType::Gauge, {}}, std::move(metric), labels);
}

void Figures::counter(const char *name, const char *help, double value, const Labels &labels)
{
    prometheus::ClientMetric metric;
    metric.counter.value = value;
    add({name, help, prometheus::MetricType::Counter, {}}, std::move(metric), labels);
}

// ---- the replica

static double numberOf(Slot slot) { return double(slot.value()); }

static std::string nameOf(NodeId node)
{
    return QStringLiteral("%1").arg(node.value(), 16, 16, QLatin1Char('0')).toStdString();
}

static const char *roleOf(const engine::Status &status)
{
    if (status.isFenced)
        return "fenced";
    if (status.isLeading)
        return "leader";
    const consensus::MemberSet &members = status.configuration.members;
    if (members.isVoter(status.self))
        return "follower";
    return members.isMember(status.self) ? "observer" : "outsider";
}

static void addConsensus(Figures &figures, const engine::Status &status)
{
    const char *const is = roleOf(status);
    for (const char *role : {"leader", "follower", "observer", "outsider", "fenced"})
        figures.gauge("coffer_role", "1 for the role that this node has now.", is == role ? 1 : 0,
                      {{"role", role}});
    figures.gauge("coffer_has_leader", "1 if this node knows a leader.",
                  status.leader.isNone() ? 0 : 1);
    figures.gauge("coffer_epoch", "The configuration of members in force.",
                  double(status.configuration.epoch.value()));
    figures.gauge("coffer_ballot_round", "Round of the highest ballot promised in this epoch.",
                  double(status.promised.round));
    figures.gauge("coffer_voters", "Members that vote.",
                  double(status.configuration.members.voters.size()));
    figures.gauge("coffer_observers", "Members that do not vote.",
                  double(status.configuration.members.observers.size()));
    figures.gauge("coffer_chosen_slot", "Up to here this node knows the log as chosen.",
                  numberOf(status.chosenUpTo));
    figures.gauge("coffer_applied_slot", "Up to here this node has applied the log.",
                  numberOf(status.applied));
    figures.counter("coffer_elections_started_total", "How often this node tried to lead.",
                    double(status.campaigns));
    for (const auto &[node, slot] : status.held)
        figures.gauge("coffer_peer_held_slot", "On the leader: what a member durably holds.",
                      numberOf(slot), {{"node", nameOf(node)}});
    figures.gauge("coffer_members_differing", "Members whose state is another one: an alarm.",
                  double(status.differing.size()));
    figures.gauge("coffer_members_fenced", "Members that said they are fenced: to be replaced.",
                  double(status.fenced.size()));
    figures.counter("coffer_peer_frames_refused_total",
                    "Frames that were garbage or of another cluster.",
                    double(status.framesRefused));
    figures.gauge("coffer_checkpoint_slot", "Up to here the checkpoint on disk holds the state.",
                  numberOf(status.checkpointed));
    const std::uint64_t behind = status.applied.value() - status.checkpointed.value();
    figures.gauge("coffer_checkpoint_behind_slots", "Applied slots that are not in it yet.",
                  status.applied > status.checkpointed ? double(behind) : 0);
    figures.gauge("coffer_log_first_slot", "The oldest chosen entry that is kept for peers.",
                  numberOf(status.firstSlot));
}

static void addStore(Figures &figures, const store::Store &store)
{
    figures.gauge("coffer_store_files", "Files, the keys of the store.",
                  double(store.tree().size()));
    figures.gauge("coffer_store_versions", "Versions of files in memory, older ones included.",
                  double(store.tree().versionCount()));
    figures.gauge("coffer_store_live_bytes", "Paths and values of files; what the quota counts.",
                  double(store.tree().liveBytes()));
    figures.gauge("coffer_store_revision", "The newest revision.",
                  double(store.revision().value()));
    figures.gauge("coffer_store_floor_revision", "Earlier revisions cannot be read any more.",
                  double(store.floor().value()));
    figures.gauge("coffer_store_applied_time_seconds", "Applied time, since 1970.",
                  double(store.appliedTime().count()) / 1000);
    figures.gauge("coffer_store_sessions", "Sessions that are open.",
                  double(store.sessions().all().size()));
}

void addHostFigures(Figures &figures, Host &host)
{
    figures.gauge("coffer_build_info", "Always 1; the version is the label.", 1,
                  {{"version", COFFER_VERSION}});
    addConsensus(figures, host.status());
    addStore(figures, host.store());
    if (const store::Watches *watches = host.watches())
        figures.gauge("coffer_watches", "Watches of this node.", double(watches->size()));
}

// ---- the process

/// The fields of /proc/self/stat behind the name of the program, which may hold anything.
static QByteArrayList processStat()
{
    QFile file(QStringLiteral("/proc/self/stat"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray all = file.read(4096);
    return all.mid(all.lastIndexOf(')') + 2).split(' ');
}

void addProcessFigures(Figures &figures)
{
    const QByteArrayList stat = processStat();
    const double ticks = double(::sysconf(_SC_CLK_TCK));
    static constexpr int userTicks = 11;
    static constexpr int systemTicks = 12;
    static constexpr int residentPages = 21;
    if (stat.size() > residentPages) {
        figures.counter("process_cpu_seconds_total", "CPU time, of user and system.",
                        (stat[userTicks].toDouble() + stat[systemTicks].toDouble()) / ticks);
        figures.gauge("process_resident_memory_bytes", "Memory in use.",
                      stat[residentPages].toDouble() * double(::sysconf(_SC_PAGESIZE)));
    }
    const QDir descriptors(QStringLiteral("/proc/self/fd"));
    if (descriptors.exists())
        figures.gauge(
            "process_open_fds", "Open file descriptors.",
            double(descriptors.entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot)
                       .size()));
    rlimit most{};
    if (::getrlimit(RLIMIT_NOFILE, &most) == 0)
        figures.gauge("process_max_fds", "File descriptors that it may have.",
                      double(most.rlim_cur));
}

QByteArray exposition(const prometheus::Registry &registry, const Figures &figures)
{
    std::vector<prometheus::MetricFamily> families = registry.Collect();
    families.insert(families.end(), figures.families().begin(), figures.families().end());
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return QByteArray::fromStdString(out.str());
}

} // namespace coffer::node
