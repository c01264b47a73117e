// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "goconf/follow_table.h"
#include "goconf/records.h"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace coffer::goconf {

/// The state of a host as people see it: those that hosts report, and what nodes add.
namespace state {
inline constexpr char healthy[] = "healthy";
inline constexpr char failed[] = "failed";         ///< It kept what it had.
inline constexpr char rolledBack[] = "rolledBack"; ///< It was applied, and undone.
inline constexpr char drifted[] = "drifted";
inline constexpr char held[] = "held";
inline constexpr char waiting[] = "waiting"; ///< Connected; has reported nothing yet.
inline constexpr char offline[] = "offline"; ///< Its connection has been gone for a while.
inline constexpr char unknown[] = "unknown"; ///< It never came, or its node died.
} // namespace state

/// One service on one host, and what was wanted of it. Value.
struct FleetRow
{
    QByteArray host;
    HostClass of;
    QByteArray wantedVersion = {}; ///< "" if nothing is live.
    QByteArray wantedRelease = {};
    QByteArray globalVersion = {}; ///< Of what lies below that; "" if nothing does.
    QByteArray hostVersion = {};   ///< Of the layer of this host; "" if it has none.
    QByteArray state = {};
    QByteArray error = {};
    std::optional<ReportRecord> report = {}; ///< What the host said last.
    bool isConnected = false;
};

/// Which rows; empty members: all.
struct FleetFilter
{
    QByteArray service = {};
    QByteArray idc = {};
    QByteArray host = {};
};

/// The fleet as one node knows it from its watches. Value, pure.
class FleetView
{
public:
    enum class Kind : std::uint8_t { pointer, host, service, node, report };
    static constexpr std::array kinds{Kind::pointer, Kind::host, Kind::service, Kind::node,
                                      Kind::report};
    /// The files of that kind.
    [[nodiscard]] static QByteArray patternOf(Kind kind);

    struct Report
    {
        ReportRecord record;
        Revision revision;
    };
    /// What a class is to have: versions that lie over one another.
    struct Wanted
    {
        QByteArray version; ///< Of the service.
        QByteArray release; ///< The newest that made one of them live.
        Editions editions;
        bool operator==(const Wanted &) const = default;
    };
    /// A layer of a host, and when it ends.
    struct Ending
    {
        QByteArray service;
        QByteArray host;
        WallMs until{0};
    };

    /// A file as it is now. One that cannot be read counts as absent. What is older than what is
    /// known is ignored.
    void put(Kind kind, const QByteArray &path, const QByteArray &value, Revision revision);
    void remove(Kind kind, const QByteArray &path, Revision revision);
    /// Forgets the files of a kind, before all of them are put anew.
    void clear(Kind kind);
    /// Another number after each change.
    [[nodiscard]] quint64 changes() const { return m_changes; }

    [[nodiscard]] const HostRecord *host(const QByteArray &host) const;
    /// Of its record; none if there is none.
    [[nodiscard]] Revision hostRevision(const QByteArray &host) const;
    [[nodiscard]] bool hasService(const QByteArray &service) const;
    /// Those that hosts can have.
    [[nodiscard]] std::set<QByteArray> services() const;
    [[nodiscard]] bool isLive(const QByteArray &node) const { return m_nodes.contains(node); }
    /// Of which class \a host is, which is in \a idc, as to \a service: of its own while it has a
    /// layer of its own.
    [[nodiscard]] HostClass classOf(const QByteArray &service, const QByteArray &idc,
                                    const QByteArray &host) const;
    /// What some hosts of a scope try in place of what is live; null if none do.
    [[nodiscard]] const Candidate *candidate(const QByteArray &service,
                                             const QByteArray &scope) const;
    /// Nothing if nothing is live for the class. An IDC without a pointer of its own wants what the
    /// base layer's names.
    [[nodiscard]] std::optional<Wanted> wanted(const HostClass &of) const;
    /// All layers of hosts that are live.
    [[nodiscard]] std::vector<Ending> endings() const;
    /// Of a pointer; none if there is none.
    [[nodiscard]] Revision pointerRevision(const QByteArray &service,
                                           const QByteArray &scope) const;
    [[nodiscard]] const Report *report(const QByteArray &path) const;
    /// All of a host by their paths, whatever its record says by now.
    [[nodiscard]] std::map<QByteArray, Report> reportsOf(const QByteArray &host) const;
    /// Versions of \a service that a host runs or ran last.
    [[nodiscard]] std::set<QByteArray> versionsRun(const QByteArray &service) const;
    /// Who else says to be \a host and is connected somewhere: another installation than
    /// \a instance.
    [[nodiscard]] std::optional<ReportRecord> rival(const QByteArray &host,
                                                    const QByteArray &instance) const;

    /// By host and service. A host that may have all services is shown with those that it reports.
    [[nodiscard]] std::vector<FleetRow> rows(const FleetFilter &filter) const;

private:
    using Where = std::pair<QByteArray, QByteArray>; ///< Service, scope.
    struct PointerFile
    {
        Pointer pointer;
        Revision revision;
    };
    struct HostFile
    {
        HostRecord record;
        Revision revision;
    };
    using ReportKey = std::pair<QByteArray, QByteArray>; ///< Host, path.

    /// A pointer that names something; of an IDC, if it has none, that of the base layer.
    struct Live
    {
        QByteArray scope;
        QByteArray version;
        QByteArray release;
    };
    [[nodiscard]] std::optional<Live> live(const QByteArray &service,
                                           const QByteArray &scope) const;
    void noteLayer(const Where &where);
    [[nodiscard]] QByteArray whySilent(const QByteArray &host) const;
    [[nodiscard]] FleetRow row(const QByteArray &host, const HostClass &of) const;

    quint64 m_changes = 0;
    std::map<Where, PointerFile> m_pointers;
    std::map<Where, WallMs> m_layers; ///< Of hosts, by service and host: when they end.
    std::map<QByteArray, HostFile> m_hosts;
    std::map<QByteArray, Revision> m_services;
    std::map<QByteArray, Revision> m_nodes;
    std::map<ReportKey, Report> m_reports;
};

} // namespace coffer::goconf
