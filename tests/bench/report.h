// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <vector>

namespace coffer::bench {

/// One measured quantity of one case, once a run.
struct Figure
{
    QString name; ///< With its unit: "commands/CPU-s".
    std::vector<double> samples;

    [[nodiscard]] double least() const;
    [[nodiscard]] double most() const;
    /// The sample of which \a share (0 to 1) of all are at most as large.
    [[nodiscard]] double quantile(double share) const;
    [[nodiscard]] double median() const { return quantile(0.5); }
};

/// What was measured of one case. The figures appear in the order of their
/// first sample.
class Case
{
public:
    Case(QString group, QString name) : m_group(std::move(group)), m_name(std::move(name)) {}

    void add(const QString &figure, double sample);

    [[nodiscard]] const QString &group() const { return m_group; }
    [[nodiscard]] const QString &name() const { return m_name; }
    [[nodiscard]] const std::vector<Figure> &figures() const { return m_figures; }

private:
    QString m_group;
    QString m_name;
    std::vector<Figure> m_figures;
};

/// Prints what was measured: as text at once, or as one JSON array at the end.
/// Resource.
class Report
{
public:
    explicit Report(bool isJson) : m_isJson(isJson) {}

    /// A heading and what has to be known to read the numbers.
    void begin(const QString &group, const QString &explanation);
    void add(Case measured);
    void finish() const;

private:
    bool m_isJson;
    std::vector<Case> m_cases;
};

} // namespace coffer::bench
