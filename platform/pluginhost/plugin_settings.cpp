// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_settings.h"

#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

void LiveSettings::change(const QCborMap &values)
{
    // Maps of CBOR differ if only the order of their members does.
    if (m_run->isStopping() || values.toJsonObject() == m_values.toJsonObject())
        return;
    m_values = values;
    const auto callbacks = m_callbacks; // one of them may add another
    for (const auto &callback : callbacks) {
        try {
            m_run->enter(u"a change of settings"_s, callback);
        } catch (...) {
            (void)m_run->caught("a change of settings");
        }
    }
}

QCborMap merged(QCborMap below, const QCborMap &above)
{
    for (const auto &member : above)
        below.insert(member.first, member.second);
    return below;
}

} // namespace coffer::pluginhost
