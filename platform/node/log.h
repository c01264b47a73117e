// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>

namespace coffer::node {

Q_DECLARE_LOGGING_CATEGORY(logNode)

} // namespace coffer::node
