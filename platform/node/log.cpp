// SPDX-License-Identifier: Apache-2.0
#include "node/log.h"

namespace coffer::node {

Q_LOGGING_CATEGORY(logNode, "coffer.node")

} // namespace coffer::node
