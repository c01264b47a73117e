// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace coffer::bench {

double Figure::least() const { return *std::min_element(samples.begin(), samples.end()); }

double Figure::most() const { return *std::max_element(samples.begin(), samples.end()); }

double Figure::quantile(double share) const
{
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    const double place = std::ceil(share * double(sorted.size())) - 1;
    return sorted[std::size_t(std::clamp(place, 0.0, double(sorted.size() - 1)))];
}

void Case::add(const QString &figure, double sample)
{
    const auto known = std::find_if(m_figures.begin(), m_figures.end(),
                                    [&](const Figure &some) { return some.name == figure; });
    if (known == m_figures.end())
        m_figures.push_back({figure, {sample}});
    else
        known->samples.push_back(sample);
}

/// As many digits as mean something.
static QString shown(double value)
{
    const double size = std::abs(value);
    const int decimals = size >= 1000 || value == std::floor(value) ? 0 : size >= 10 ? 1 : 3;
    QString text = QString::number(value, 'f', decimals);
    const qsizetype point = text.indexOf(QLatin1Char('.'));
    for (qsizetype i = (point < 0 ? text.size() : point) - 3; i > 0; i -= 3)
        text.insert(i, QLatin1Char(','));
    return text;
}

static QString line(const Figure &figure)
{
    QString text = QStringLiteral("    %1 %2").arg(shown(figure.median()), 12).arg(figure.name);
    if (figure.least() != figure.most())
        text += QStringLiteral("  (%1 .. %2)").arg(shown(figure.least()), shown(figure.most()));
    return text;
}

void Report::begin(const QString &group, const QString &explanation)
{
    if (!m_isJson)
        std::printf("\n%s\n%s\n", qUtf8Printable(group.toUpper()), qUtf8Printable(explanation));
}

void Report::add(Case measured)
{
    if (m_isJson) {
        m_cases.push_back(std::move(measured));
        return;
    }
    std::printf("  %s\n", qUtf8Printable(measured.name()));
    for (const Figure &figure : measured.figures())
        std::printf("%s\n", qUtf8Printable(line(figure)));
    std::fflush(stdout);
}

void Report::finish() const
{
    if (!m_isJson)
        return;
    QJsonArray cases;
    for (const Case &measured : m_cases) {
        QJsonArray figures;
        for (const Figure &figure : measured.figures()) {
            figures.append(QJsonObject{{QStringLiteral("name"), figure.name},
                                       {QStringLiteral("median"), figure.median()},
                                       {QStringLiteral("min"), figure.least()},
                                       {QStringLiteral("max"), figure.most()},
                                       {QStringLiteral("samples"), int(figure.samples.size())}});
        }
        cases.append(QJsonObject{{QStringLiteral("group"), measured.group()},
                                 {QStringLiteral("case"), measured.name()},
                                 {QStringLiteral("figures"), figures}});
    }
    std::printf("%s", QJsonDocument(cases).toJson().constData());
}

} // namespace coffer::bench
