// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_metrics.h"

#include <QLoggingCategory>
#include <QRegularExpression>

#include <algorithm>

namespace coffer::pluginhost {

Q_LOGGING_CATEGORY(metricsLog, "coffer.plugins")

/// One number or one histogram, whichever it is asked to be.
class PluginMetrics::Figure final : public pluginapi::Counter,
                                    public pluginapi::Gauge,
                                    public pluginapi::Histogram
{
public:
    explicit Figure(std::vector<double> bounds)
        : m_bounds(std::move(bounds)), m_counts(m_bounds.size(), 0)
    {}
    void add(double amount) override { m_value += std::max(amount, 0.0); }
    void set(double value) override { m_value = value; }
    void observe(double value) override
    {
        m_value += value;
        ++m_count;
        for (std::size_t index = 0; index < m_bounds.size(); ++index)
            m_counts[index] += std::uint64_t(value <= m_bounds[index]);
    }

    [[nodiscard]] QByteArray value() const { return QByteArray::number(m_value, 'g', 17); }
    /// \a labels: as they stand between the braces.
    [[nodiscard]] QByteArray buckets(const QByteArray &name, const QByteArray &labels) const
    {
        const QByteArray before = name + "_bucket{" + labels + (labels.isEmpty() ? "" : ",");
        QByteArray text;
        for (std::size_t index = 0; index < m_bounds.size(); ++index)
            text += before + "le=\"" + QByteArray::number(m_bounds[index]) + "\"} "
                    + QByteArray::number(quint64(m_counts[index])) + '\n';
        const QByteArray count = QByteArray::number(quint64(m_count));
        const QByteArray braces = labels.isEmpty() ? QByteArray() : '{' + labels + '}';
        return text + before + "le=\"+Inf\"} " + count + '\n' + name + "_sum" + braces + ' '
               + value() + '\n' + name + "_count" + braces + ' ' + count + '\n';
    }

private:
    std::vector<double> m_bounds;
    std::vector<std::uint64_t> m_counts; ///< Values not above each bound.
    std::uint64_t m_count = 0;
    double m_value = 0; ///< Of a histogram the sum.
};

struct PluginMetrics::Family
{
    Kind kind;
    QByteArray help;
    std::map<QByteArray, std::unique_ptr<Figure>> figures; ///< By labels, as they are written.
};

static QByteArray escaped(QByteArray text)
{
    return text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
}

static QByteArray written(pluginapi::Labels labels)
{
    std::sort(labels.begin(), labels.end());
    QByteArrayList parts;
    for (const auto &[name, value] : labels)
        parts.append(name + "=\"" + escaped(value) + '"');
    return parts.join(',');
}

static bool isName(const QByteArray &name)
{
    static const QRegularExpression form(QStringLiteral("\\A[a-z][a-z0-9_]{0,63}\\z"));
    return form.match(QString::fromUtf8(name)).hasMatch();
}

PluginMetrics::PluginMetrics(const QString &plugin)
    : m_prefix("coffer_plugin_" + plugin.toUtf8() + '_')
{}

PluginMetrics::~PluginMetrics() = default;

PluginMetrics::Figure &PluginMetrics::figure(Kind kind, const QByteArray &name,
                                             const QByteArray &help,
                                             const pluginapi::Labels &labels,
                                             std::vector<double> bounds)
{
    const bool isNamed = isName(name)
                         && std::all_of(labels.begin(), labels.end(),
                                        [](const auto &label) { return isName(label.first); });
    auto family = m_families.find(name);
    if (!isNamed || (family != m_families.end() && family->second->kind != kind)) {
        qCWarning(metricsLog).noquote()
            << m_prefix + name
            << "is not shown: names are of a-z, 0-9 and _, and one name is of one kind";
        m_unseen.push_back(std::make_unique<Figure>(std::move(bounds)));
        return *m_unseen.back();
    }
    if (family == m_families.end()) {
        auto made = std::make_unique<Family>(Family{kind, help, {}});
        family = m_families.emplace(name, std::move(made)).first;
    }
    std::unique_ptr<Figure> &figure = family->second->figures[written(labels)];
    if (!figure)
        figure = std::make_unique<Figure>(std::move(bounds));
    return *figure;
}

pluginapi::Counter &PluginMetrics::counter(QByteArray name, QByteArray help,
                                           pluginapi::Labels labels)
{
    return figure(Kind::counter, name, help, labels, {});
}

pluginapi::Gauge &PluginMetrics::gauge(QByteArray name, QByteArray help, pluginapi::Labels labels)
{
    return figure(Kind::gauge, name, help, labels, {});
}

pluginapi::Histogram &PluginMetrics::histogram(QByteArray name, QByteArray help,
                                               std::vector<double> bounds, pluginapi::Labels labels)
{
    return figure(Kind::histogram, name, help, labels, std::move(bounds));
}

QByteArray PluginMetrics::text() const
{
    static constexpr const char *kinds[] = {"counter", "gauge", "histogram"};
    QByteArray text;
    for (const auto &[name, family] : m_families) {
        const QByteArray full = m_prefix + name;
        QByteArray help = family->help;
        text += "# HELP " + full + ' ' + help.replace('\\', "\\\\").replace('\n', "\\n")
                + "\n# TYPE " + full + ' ' + kinds[int(family->kind)] + '\n';
        for (const auto &[labels, figure] : family->figures) {
            if (family->kind == Kind::histogram)
                text += figure->buckets(full, labels);
            else
                text += full + (labels.isEmpty() ? QByteArray() : '{' + labels + '}') + ' '
                        + figure->value() + '\n';
        }
    }
    return text;
}

} // namespace coffer::pluginhost
