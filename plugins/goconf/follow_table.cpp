// SPDX-License-Identifier: Apache-2.0
#include "goconf/follow_table.h"

#include <algorithm>
#include <utility>

namespace coffer::goconf {

FollowId FollowTable::add(Follow follow, const Classes &granted, const Services &has, Monotonic now)
{
    m_last = m_last.next();
    follow.id = m_last;
    m_tickets.insert_or_assign(follow.ticket, m_last);
    m_hosts.insert_or_assign(follow.host, m_last);
    Entry entry{.follow = std::move(follow), .spokenTo = now};
    entry.lines.reserve(granted.size());
    for (const HostClass &of : granted)
        entry.lines.push_back({.of = of, .isHeld = has.contains(of.service)});
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

const FollowTable::Line *FollowTable::lineOf(FollowId id, const QByteArray &service) const
{
    const auto found = m_follows.find(id);
    if (found == m_follows.end())
        return nullptr;
    const std::vector<Line> &lines = found->second.lines;
    const auto line = std::find_if(lines.begin(), lines.end(), [&service](const Line &one) {
        return one.of.service == service;
    });
    return line == lines.end() ? nullptr : &*line;
}

bool FollowTable::isGranted(FollowId id, const QByteArray &service) const
{
    const Line *line = lineOf(id, service);
    return line != nullptr && line->isGranted;
}

std::optional<HostClass> FollowTable::classOf(FollowId id, const QByteArray &service) const
{
    const Line *line = lineOf(id, service);
    if (line == nullptr || !line->isGranted)
        return {};
    return line->of;
}

FollowTable::Services FollowTable::grantedTo(FollowId id) const
{
    Services services;
    if (const auto found = m_follows.find(id); found != m_follows.end()) {
        for (const Line &line : found->second.lines) {
            if (line.isGranted)
                services.insert(line.of.service);
        }
    }
    return services;
}

QByteArray FollowTable::offered(FollowId id, const QByteArray &service) const
{
    const Line *line = lineOf(id, service);
    return line == nullptr ? QByteArray() : line->release;
}

FollowTable::Classes FollowTable::classes() const
{
    Classes classes;
    for (const auto &[id, entry] : m_follows) {
        for (const Line &line : entry.lines) {
            if (line.isGranted)
                classes.insert(line.of);
        }
    }
    return classes;
}

std::vector<QByteArray> FollowTable::hostsApart(const QByteArray &service,
                                                const QByteArray &idc) const
{
    std::vector<QByteArray> hosts;
    for (const auto &[id, entry] : m_follows) {
        for (const Line &line : entry.lines) {
            if (!line.of.host.isEmpty() && line.of.service == service && line.of.idc == idc)
                hosts.push_back(line.of.host);
        }
    }
    return hosts;
}

bool FollowTable::regrant(FollowId id, const QByteArray &idc, const Classes &granted)
{
    const auto found = m_follows.find(id);
    if (found == m_follows.end())
        return false;
    Entry &entry = found->second;
    bool isNews = std::exchange(entry.follow.idc, idc) != idc;
    std::map<QByteArray, HostClass> added;
    for (const HostClass &of : granted)
        added.emplace(of.service, of);
    for (Line &line : entry.lines) {
        const auto granting = added.extract(line.of.service);
        const bool isGranted = bool(granting);
        const HostClass of = isGranted ? granting.mapped() : line.of;
        const bool isOther = std::exchange(line.of, of) != of;
        if (std::exchange(line.isGranted, isGranted) != isGranted || isOther) {
            line.hasNews = true;
            isNews = true;
        }
    }
    for (const auto &[service, of] : added)
        entry.lines.push_back({.of = of});
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
            if (line.of != of || !line.isGranted)
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

void FollowTable::forgetOthersThan(const Classes &classes)
{
    std::erase_if(m_wanted, [&classes](const auto &item) { return !classes.contains(item.first); });
    std::erase_if(m_expected, [&classes](const HostClass &of) { return !classes.contains(of); });
}

/// Nothing while it is not yet known what is wanted; the line keeps its news then.
std::optional<FollowNews> FollowTable::newsOf(Line &line) const
{
    if (line.isGranted) {
        const auto found = m_wanted.find(line.of);
        if (found == m_wanted.end() || m_expected.contains(line.of))
            return {};
        line.hasNews = false;
        if (found->second) {
            line.isHeld = true;
            line.release = found->second->release;
            return OfferNews{line.of.service, *found->second};
        }
    }
    line.hasNews = false;
    if (std::exchange(line.isHeld, false))
        return WithdrawnNews{line.of.service};
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
        if (std::optional<FollowNews> news = newsOf(line)) {
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
        return line.hasNews || (line.isGranted && m_expected.contains(line.of));
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
