// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "config/hash.h"
#include "goconf/host_class.h"
#include "goconf/report_ledger.h"

#include <QByteArray>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace coffer::goconf {

/// A version that a class is to have. Value.
struct Offer
{
    QByteArray version; ///< Of the service.
    QByteArray root;    ///< Hex.
    QByteArray release; ///< The id of the newest release that made some of it live.
    QByteArray shown;   ///< The same for people: "r123".
    QByteArray message;
    qint64 bytes = 0;       ///< Of the bundle, not packed.
    Editions editions = {}; ///< What it is made of.
    bool operator==(const Offer &) const = default;
};

/// One agent that is connected to this node.
struct Follow
{
    FollowId id;
    QByteArray ticket;
    QByteArray host;
    QByteArray idc;
    QByteArray instance; ///< The installation of the agent; survives its restarts.
    QByteArray run;      ///< One process of it.
    QByteArray address;
    QByteArray agent;    ///< Its version.
    config::Hash secret; ///< Of the secret that it has shown.
    Revision recorded;   ///< Of the host's record that it was admitted by.
};

/// What to say to an agent next.
struct OfferNews
{
    QByteArray service;
    Offer offer;
};
struct WithdrawnNews
{
    QByteArray service;
};
/// All that is wanted was told.
struct HeartbeatNews
{};
/// The node is there; something is wanted that it has yet to find out.
struct AliveNews
{};
using FollowNews = std::variant<OfferNews, WithdrawnNews, HeartbeatNews, AliveNews>;

/// Who follows what on this node, and what each has yet to be told.
///
/// It remembers for each follow only *that* a service has news; what is told is what is wanted when
/// the reader has room. So a slow reader costs nothing and gets the newest. Value, pure.
class FollowTable
{
public:
    using Services = std::set<QByteArray>;
    using Classes = std::set<HostClass>; ///< One of each service, all of the host's IDC.

    explicit FollowTable(std::chrono::milliseconds heartbeatEvery) : m_every(heartbeatEvery) {}

    /// \a has: services of which the host has a version by now.
    [[nodiscard]] FollowId add(Follow follow, const Classes &granted, const Services &has,
                               Monotonic now);
    void remove(FollowId id);
    [[nodiscard]] const Follow *find(FollowId id) const;
    [[nodiscard]] const Follow *byTicket(const QByteArray &ticket) const;
    [[nodiscard]] const Follow *byHost(const QByteArray &host) const;
    [[nodiscard]] std::vector<QByteArray> hosts() const;
    [[nodiscard]] std::size_t size() const { return m_follows.size(); }
    [[nodiscard]] bool isGranted(FollowId id, const QByteArray &service) const;
    [[nodiscard]] Services grantedTo(FollowId id) const;
    /// Which class the host is of; nothing if \a service is not granted.
    [[nodiscard]] std::optional<HostClass> classOf(FollowId id, const QByteArray &service) const;
    /// The release of the last offer of \a service; empty if there was none.
    [[nodiscard]] QByteArray offered(FollowId id, const QByteArray &service) const;
    /// The classes that are followed: of each, setWanted() says what is wanted.
    [[nodiscard]] Classes classes() const;
    /// Those that are a class of their own as to \a service in \a idc.
    [[nodiscard]] std::vector<QByteArray> hostsApart(const QByteArray &service,
                                                     const QByteArray &idc) const;

    /// What the host may have has changed, where it is, or of which classes it is. True if that is
    /// news.
    [[nodiscard]] bool regrant(FollowId id, const QByteArray &idc, const Classes &granted);
    /// What hosts of \a of are to have from now on; nothing: the service is not released there.
    /// Those who have to be told. Said again, it is no news.
    [[nodiscard]] std::vector<FollowId> setWanted(const HostClass &of,
                                                  const std::optional<Offer> &offer);
    /// What was said of \a of is out of date: nobody is told it any more, nor that all is told,
    /// until setWanted() says what is.
    void expectWanted(const HostClass &of) { m_expected.insert(of); }
    [[nodiscard]] const std::optional<Offer> *wanted(const HostClass &of) const;
    /// Forgets what is wanted of classes that nobody follows.
    void forgetOthersThan(const Classes &classes);

    /// What comes next for \a id, once its reader has room. A heartbeat says that everything was
    /// told that is wanted now: at once, and then where nothing else is to be said. While that is
    /// not so, AliveNews comes in its place.
    [[nodiscard]] std::optional<FollowNews> take(FollowId id, Monotonic now);
    /// Those for whom a heartbeat is due.
    [[nodiscard]] std::vector<FollowId> due(Monotonic now) const;

private:
    struct Line
    {
        HostClass of = {};
        bool isGranted = true;
        bool hasNews = true;
        bool isHeld = false; ///< It was offered, or the host had it already.
        QByteArray release = {};
    };
    struct Entry
    {
        Follow follow = {};
        std::vector<Line> lines = {};
        Monotonic spokenTo{0};
        bool isComplete = false; ///< The first heartbeat was sent.
    };
    [[nodiscard]] const Line *lineOf(FollowId id, const QByteArray &service) const;
    [[nodiscard]] std::optional<FollowNews> newsOf(Line &line) const;
    [[nodiscard]] bool isAllTold(const Entry &entry) const;

    std::chrono::milliseconds m_every;
    FollowId m_last;
    std::map<FollowId, Entry> m_follows;
    std::map<QByteArray, FollowId> m_tickets;
    std::map<QByteArray, FollowId> m_hosts;
    std::map<HostClass, std::optional<Offer>> m_wanted; ///< As far as it is known.
    Classes m_expected;                                 ///< Those of which it will be another.
};

} // namespace coffer::goconf
