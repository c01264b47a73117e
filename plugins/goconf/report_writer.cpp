// SPDX-License-Identifier: Apache-2.0
#include "goconf/report_writer.h"

#include "goconf/paths.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using pluginapi::errorOf;

void ReportWriter::start(IsOurs isOurs, Settled settled)
{
    m_isOurs = std::move(isOurs);
    m_settled = std::move(settled);
}

void ReportWriter::wake()
{
    if (m_isRunning || !m_ledger.hasPending() || m_context.isStopping())
        return;
    m_isRunning = true;
    m_context.spawn(run(), "write reports");
}

Task<Result<void>> ReportWriter::run()
{
    bool goesOn = co_await m_context.clock().sleep(gather);
    while (goesOn && m_ledger.hasPending()) {
        const Result<void> written = co_await writeOnce();
        if (!written && !m_context.isStopping())
            m_context.log().info(u"writes reports later: "_s + written.error().message);
        m_settled();
        goesOn = co_await m_context.clock().sleep(every - gather);
    }
    m_isRunning = false;
    co_return Result<void>();
}

/// One transaction, and as many more as files were lost on the way. After an unknown outcome all
/// of it is written again: the guards show then what had happened.
Task<Result<void>> ReportWriter::writeOnce()
{
    for (;;) {
        const std::vector<ReportLedger::Entry> entries = m_ledger.take(entriesMax, bytesMax);
        if (entries.empty())
            co_return Result<void>();
        store::Transaction reports;
        for (const ReportLedger::Entry &entry : entries) {
            reports.guards.push_back(pluginapi::expectedRevision(entry.path, entry.expected));
            reports.operations.push_back(store::Put{entry.path, entry.value, false, {}});
        }
        const Result<store::Answer> answer = co_await m_context.store().commit(reports);
        if (answer && answer->status == store::Status::ok) {
            m_ledger.written(answer->revision);
            co_return Result<void>();
        }
        m_ledger.putBack();
        if (!answer)
            co_return answer.error();
        if (answer->status != store::Status::guardFailed)
            co_return errorOf(*answer).value_or(Error{});
        const Result<void> resolved = co_await resolve(entries);
        if (!resolved)
            co_return resolved.error();
    }
}

/// All that stand in the way at once: who removes a tree removes those of a thousand hosts.
Task<Result<void>> ReportWriter::resolve(std::vector<ReportLedger::Entry> entries)
{
    const Result<Revision> at = co_await newestRevision(m_context.store());
    if (!at)
        co_return at.error();
    for (const ReportLedger::Entry &entry : entries) {
        Found found;
        const Result<std::optional<store::FileView>> file =
            co_await fileAt(m_context.store(), entry.path, *at);
        if (!file)
            co_return file.error();
        found.file = *file;
        const Revision revision = found.file ? found.file->revision : Revision();
        if (revision == entry.expected)
            continue;
        if (!found.file) {
            const Result<std::optional<store::FileView>> host =
                co_await fileAt(m_context.store(), hostPath(nameIn(entry.path)), *at);
            if (!host)
                co_return host.error();
            found.host = *host;
        }
        if (m_isOurs(entry.path, found))
            m_ledger.rebase(entry.path, revision);
        else
            m_ledger.drop(entry.path);
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
