// SPDX-License-Identifier: Apache-2.0
#include "goconf/report_ledger.h"

#include <utility>

namespace coffer::goconf {

void ReportLedger::own(const QByteArray &path, FollowId owner, Revision seen)
{
    File &file = m_files[path];
    if (file.revision < seen)
        file.revision = seen;
    file.owner = owner;
}

FollowId ReportLedger::ownerOf(const QByteArray &path) const
{
    const auto found = m_files.find(path);
    return found == m_files.end() ? FollowId() : found->second.owner;
}

bool ReportLedger::put(const QByteArray &path, FollowId owner, const QByteArray &value)
{
    const auto found = m_files.find(path);
    if (found == m_files.end() || found->second.owner != owner)
        return false;
    found->second.pending = value;
    found->second.last = value;
    m_pending.insert(path);
    return true;
}

QByteArray ReportLedger::newest(const QByteArray &path) const
{
    const auto found = m_files.find(path);
    return found == m_files.end() ? QByteArray() : found->second.last;
}

bool ReportLedger::isSettled(const QByteArray &path) const
{
    const auto found = m_files.find(path);
    return found == m_files.end() || (!found->second.pending && !found->second.underWay);
}

void ReportLedger::drop(const QByteArray &path)
{
    m_files.erase(path);
    m_pending.erase(path);
}

bool ReportLedger::hasPending() const { return !m_pending.empty(); }

std::vector<ReportLedger::Entry> ReportLedger::take(std::size_t entriesMax, std::size_t bytesMax)
{
    std::vector<Entry> entries;
    std::size_t bytes = 0;
    while (!m_pending.empty() && entries.size() < entriesMax) {
        const QByteArray path = *m_pending.begin();
        File &file = m_files.at(path);
        bytes += std::size_t(path.size() + file.pending->size());
        if (!entries.empty() && bytes > bytesMax)
            break;
        m_pending.erase(m_pending.begin());
        file.underWay = std::exchange(file.pending, {});
        entries.push_back({path, *file.underWay, file.revision});
        m_underWay.push_back(path);
    }
    return entries;
}

void ReportLedger::written(Revision revision)
{
    for (const QByteArray &path : std::exchange(m_underWay, {})) {
        const auto found = m_files.find(path);
        if (found == m_files.end() || !found->second.underWay)
            continue;
        found->second.underWay.reset();
        found->second.revision = revision;
    }
}

void ReportLedger::putBack()
{
    for (const QByteArray &path : std::exchange(m_underWay, {})) {
        const auto found = m_files.find(path);
        if (found == m_files.end() || !found->second.underWay)
            continue;
        if (!found->second.pending) {
            found->second.pending = std::move(found->second.underWay);
            m_pending.insert(path);
        }
        found->second.underWay.reset();
    }
}

void ReportLedger::rebase(const QByteArray &path, Revision revision)
{
    const auto found = m_files.find(path);
    if (found != m_files.end())
        found->second.revision = revision;
}

Revision ReportLedger::revisionOf(const QByteArray &path) const
{
    const auto found = m_files.find(path);
    return found == m_files.end() ? Revision() : found->second.revision;
}

} // namespace coffer::goconf
