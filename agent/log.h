// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>

namespace coffer::agent {

Q_DECLARE_LOGGING_CATEGORY(logAgent)

} // namespace coffer::agent
