// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <utility>
#include <vector>

namespace coffer::pluginapi {

/// Only rises.
class Counter
{
public:
    virtual ~Counter() = default;
    virtual void add(double amount = 1) = 0;
};

/// Rises and falls.
class Gauge
{
public:
    virtual ~Gauge() = default;
    virtual void set(double value) = 0;
};

/// How often values lay below each of some bounds: of durations, in seconds.
class Histogram
{
public:
    virtual ~Histogram() = default;
    virtual void observe(double value) = 0;
};

using Labels = std::vector<std::pair<QByteArray, QByteArray>>;

/// What a plugin counts, for /metrics. Names are in the way of Prometheus ("grants_total") and are
/// shown behind "coffer_plugin_NAME_". The same name and labels again give the same figure; as
/// another kind it is a figure that nobody sees, which is logged. References live as long as the
/// plugin.
class Metrics
{
public:
    virtual ~Metrics() = default;
    [[nodiscard]] virtual Counter &counter(QByteArray name, QByteArray help,
                                           Labels labels = {}) = 0;
    [[nodiscard]] virtual Gauge &gauge(QByteArray name, QByteArray help, Labels labels = {}) = 0;
    /// \a bounds rise.
    [[nodiscard]] virtual Histogram &histogram(QByteArray name, QByteArray help,
                                               std::vector<double> bounds, Labels labels = {}) = 0;
};

} // namespace coffer::pluginapi
