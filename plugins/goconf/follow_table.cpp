// SPDX-License-Identifier: Apache-2.0
#include "goconf/follow_table.h"

#include <algorithm>
#include <utility>

namespace coffer::goconf {

FollowId FollowTable::add(Follow follow, const Services &granted, const Services &has,
                          Monotonic now)
{
    m_last = m_last.next();
    follow.id = m_last;
    m_tickets.insert_or_assign(follow.ticket, m_last);
    m_hosts.insert_or_assign(follow.host, m_last);
    Entry entry{.follow = std::move(follow), .spokenTo = now};
    entry.lines.reserve(granted.size());
    for (const QByteArray &service : granted)
        entry.lines.push_back({.service = service, .isHeld = has.contains(service)});
    m_follows.emplace(m_last, std::move(entry));
    return m_last;
}

void FollowTable::remove(FollowId id)
{
    const auto found = m_follows.find(id);
    if (found == m_follows.end())
        return;
    const Follow &follow = found->second.follow;
    m_tickets.erase(follow.ticket);
    if (const auto host = m_hosts.find(follow.host); host != m_hosts.end() && host->second == id)
        m_hosts.erase(host);
    m_follows.erase(found);
}

const Follow *FollowTable::find(FollowId id) const
{
    const auto found = m_follows.find(id);
    return found == m_follows.end() ? nullptr : &found->second.follow;
}

const Follow *FollowTable::byTicket(const QByteArray &ticket) const
{
    const auto found = m_tickets.find(ticket);
    return found == m_tickets.end() ? nullptr : find(found->second);
}

const Follow *FollowTable::byHost(const QByteArray &host) const
{
    const auto found = m_hosts.find(host);
    return found == m_hosts.end() ? nullptr : find(found->second);
}

std::vector<QByteArray> FollowTable::hosts() const
{
    std::vector<QByteArray> hosts;
    for (const auto &[host, id] : m_hosts)
        hosts.push_back(host);
    return hosts;
}

bool FollowTable::isGranted(FollowId id, const QByteArray &service) const
{
    return grantedTo(id).contains(service);
}

FollowTable::Services FollowTable::grantedTo(FollowId id) const
{
    Services services;
    if (const auto found = m_follows.find(id); found != m_follows.end()) {
        for (const Line &line : found->second.lines) {
            if (line.isGranted)
                services.insert(line.service);
        }
    }
    return services;
}

QByteArray FollowTable::offered(FollowId id, const QByteArray &service) const
{
    if (const auto found = m_follows.find(id); found != m_follows.end()) {
        for (const Line &line : found->second.lines) {
            if (line.service == service)
                return line.release;
        }
    }
    return {};
}

std::set<HostClass> FollowTable::classes() const
{
    std::set<HostClass> classes;
    for (const auto &[id, entry] : m_follows) {
        for (const Line &line : entry.lines) {
            if (line.isGranted)
                classes.insert({line.service, entry.follow.idc});
        }
    }
    return classes;
}

bool FollowTable::regrant(FollowId id, const QByteArray &idc, const Services &granted)
{
    const auto found = m_follows.find(id);
    if (found == m_follows.end())
        return false;
    Entry &entry = found->second;
    const bool isElsewhere = std::exchange(entry.follow.idc, idc) != idc;
    bool isNews = isElsewhere;
    Services added = granted;
    for (Line &line : entry.lines) {
        added.erase(line.service);
        const bool isGranted = granted.contains(line.service);
        if (std::exchange(line.isGranted, isGranted) != isGranted || isElsewhere) {
            line.hasNews = true;
            isNews = true;
        }
    }
    for (const QByteArray &service : added)
        entry.lines.push_back({.service = service});
    return isNews || !added.empty();
}

std::vector<FollowId> FollowTable::setWanted(const HostClass &of, const std::optional<Offer> &offer)
{
    const auto [place, isNew] = m_wanted.try_emplace(of, offer);
    const bool isNews = isNew || place->second != offer;
    const bool wasExpected = m_expected.erase(of) > 0;
    if (!isNews && !wasExpected)
        return {};
    place->second = offer;
    std::vector<FollowId> told;
    for (auto &[id, entry] : m_follows) {
        if (entry.follow.idc != of.idc)
            continue;
        for (Line &line : entry.lines) {
            if (line.service != of.service || !line.isGranted)
                continue;
            line.hasNews |= isNews;
            if (line.hasNews || !entry.isComplete)
                told.push_back(id);
        }
    }
    return told;
}

const std::optional<Offer> *FollowTable::wanted(const HostClass &of) const
{
    const auto found = m_wanted.find(of);
    return found == m_wanted.end() ? nullptr : &found->second;
}

void FollowTable::forgetOthersThan(const std::set<HostClass> &classes)
{
    std::erase_if(m_wanted, [&classes](const auto &item) { return !classes.contains(item.first); });
    std::erase_if(m_expected, [&classes](const HostClass &of) { return !classes.contains(of); });
}

/// Nothing while it is not yet known what is wanted; the line keeps its news then.
std::optional<FollowNews> FollowTable::newsOf(const Follow &follow, Line &line) const
{
    if (line.isGranted) {
        const HostClass of{line.service, follow.idc};
        const auto found = m_wanted.find(of);
        if (found == m_wanted.end() || m_expected.contains(of))
            return {};
        line.hasNews = false;
        if (found->second) {
            line.isHeld = true;
            line.release = found->second->release;
            return OfferNews{line.service, *found->second};
        }
    }
    line.hasNews = false;
    if (std::exchange(line.isHeld, false))
        return WithdrawnNews{line.service};
    return {};
}

std::optional<FollowNews> FollowTable::take(FollowId id, Monotonic now)
{
    const auto found = m_follows.find(id);
    if (found == m_follows.end())
        return {};
    Entry &entry = found->second;
    for (Line &line : entry.lines) {
        if (!line.hasNews)
            continue;
        if (std::optional<FollowNews> news = newsOf(entry.follow, line)) {
            entry.spokenTo = now;
            return news;
        }
    }
    std::erase_if(entry.lines, [](const Line &line) { return !line.isGranted && !line.hasNews; });
    const bool isTold = isAllTold(entry);
    const bool isFirst = isTold && !entry.isComplete;
    if (!isFirst && now - entry.spokenTo < m_every)
        return {};
    entry.isComplete |= isTold;
    entry.spokenTo = now;
    if (!isTold)
        return AliveNews{};
    return HeartbeatNews{};
}

bool FollowTable::isAllTold(const Entry &entry) const
{
    return std::none_of(entry.lines.begin(), entry.lines.end(), [&](const Line &line) {
        return line.hasNews
               || (line.isGranted && m_expected.contains({line.service, entry.follow.idc}));
    });
}

std::vector<FollowId> FollowTable::due(Monotonic now) const
{
    std::vector<FollowId> due;
    for (const auto &[id, entry] : m_follows) {
        if (now - entry.spokenTo >= m_every)
            due.push_back(id);
    }
    return due;
}

} // namespace coffer::goconf
