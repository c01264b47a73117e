// SPDX-License-Identifier: Apache-2.0
#include "goconf/report_writer.h"

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
        if (answer->status != store::Status::guardFailed || !answer->failedGuard)
            co_return errorOf(*answer).value_or(Error{});
        const Result<void> resolved = co_await resolve(entries[*answer->failedGuard].path);
        if (!resolved)
            co_return resolved.error();
    }
}

Task<Result<void>> ReportWriter::resolve(QByteArray path)
{
    const Result<std::optional<store::FileView>> found = co_await m_context.store().get(path);
    if (!found)
        co_return found.error();
    if (m_isOurs(path, *found))
        m_ledger.rebase(path, *found ? (*found)->revision : Revision());
    else
        m_ledger.drop(path);
    co_return Result<void>();
}

} // namespace coffer::goconf
