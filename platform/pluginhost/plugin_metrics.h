// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/metrics.h"

#include <QString>

#include <deque>
#include <map>

namespace coffer::pluginhost {

/// The figures of one plugin, kept over its runs. Node thread.
class PluginMetrics final : public pluginapi::Metrics
{
public:
    explicit PluginMetrics(const QString &plugin);
    ~PluginMetrics() override;
    Q_DISABLE_COPY_MOVE(PluginMetrics)

    [[nodiscard]] pluginapi::Counter &counter(QByteArray name, QByteArray help,
                                              pluginapi::Labels labels = {}) override;
    [[nodiscard]] pluginapi::Gauge &gauge(QByteArray name, QByteArray help,
                                          pluginapi::Labels labels = {}) override;
    [[nodiscard]] pluginapi::Histogram &histogram(QByteArray name, QByteArray help,
                                                  std::vector<double> bounds,
                                                  pluginapi::Labels labels = {}) override;

    /// All of them, in the text format of Prometheus.
    [[nodiscard]] QByteArray text() const;

    class Figure;

private:
    enum class Kind { counter, gauge, histogram };
    struct Family;

    [[nodiscard]] Figure &figure(Kind kind, const QByteArray &name, const QByteArray &help,
                                 const pluginapi::Labels &labels, std::vector<double> bounds);

    QByteArray m_prefix;
    std::map<QByteArray, std::unique_ptr<Family>> m_families; ///< By name.
    std::vector<std::unique_ptr<Figure>> m_unseen; ///< Refused; kept for whoever has them.
};

} // namespace coffer::pluginhost
