// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/reading.h"
#include "goconf/records.h"
#include "goconf/report_ledger.h"

#include "pluginapi/context.h"

#include <functional>

namespace coffer::goconf {

/// Writes reports: those of all hosts of this node in one transaction, at most each 200 ms. Nothing
/// runs while there is nothing to write. Node thread.
class ReportWriter
{
public:
    static constexpr std::chrono::milliseconds every{200};
    static constexpr std::chrono::milliseconds gather{10}; ///< The first waits so long for others.
    static constexpr std::size_t entriesMax = 1'000;
    static constexpr std::size_t bytesMax = std::size_t(512) << 10;

    struct Found
    {
        std::optional<store::FileView> file;
        std::optional<store::FileView> host; ///< The record of its host; only if there is no file.
    };
    /// Somebody else wrote or removed \a path, and this is there now, at one revision. True: what
    /// waits is to be written above that; false: the file is lost.
    using IsOurs = std::function<bool(const QByteArray &path, const Found &found)>;
    /// Called after each transaction.
    using Settled = std::function<void()>;

    /// \a context must outlive this.
    explicit ReportWriter(pluginapi::PluginContext &context) : m_context(context) {}
    ReportWriter(const ReportWriter &) = delete;
    ReportWriter &operator=(const ReportWriter &) = delete;
    ~ReportWriter() = default;

    void start(IsOurs isOurs, Settled settled);
    [[nodiscard]] ReportLedger &ledger() { return m_ledger; }
    [[nodiscard]] const ReportLedger &ledger() const { return m_ledger; }
    /// Something was put.
    void wake();

private:
    [[nodiscard]] Task<Result<void>> run();
    [[nodiscard]] Task<Result<void>> writeOnce();
    [[nodiscard]] Task<Result<void>> resolve(std::vector<ReportLedger::Entry> entries);

    pluginapi::PluginContext &m_context;
    ReportLedger m_ledger;
    IsOurs m_isOurs;
    Settled m_settled;
    bool m_isRunning = false;
};

} // namespace coffer::goconf
