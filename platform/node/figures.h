// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <prometheus/registry.h>

#include <string>
#include <utility>
#include <vector>

namespace coffer::node {

class Host;

/// What is looked up when /metrics is asked, and costs nothing until then. Value.
class Figures
{
public:
    using Labels = std::vector<std::pair<std::string, std::string>>;

    /// \a name as Prometheus wants it; several of one name come one after the other.
    void gauge(const char *name, const char *help, double value, const Labels &labels = {});
    /// Only rises as long as the process lives.
    void counter(const char *name, const char *help, double value, const Labels &labels = {});

    [[nodiscard]] const std::vector<prometheus::MetricFamily> &families() const
    {
        return m_families;
    }

private:
    void add(prometheus::MetricFamily family, prometheus::ClientMetric metric,
             const Labels &labels);

    std::vector<prometheus::MetricFamily> m_families;
};

/// Adds consensus, checkpoint and store. Node thread.
void addHostFigures(Figures &figures, Host &host);
/// Adds what the system knows of this process, under the names that all programs use.
void addProcessFigures(Figures &figures);

/// The text of /metrics: what \a registry gathers, and \a figures.
[[nodiscard]] QByteArray exposition(const prometheus::Registry &registry, const Figures &figures);

} // namespace coffer::node
