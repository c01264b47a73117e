// SPDX-License-Identifier: Apache-2.0
#include "agent/log.h"

namespace coffer::agent {

Q_LOGGING_CATEGORY(logAgent, "coffer.agent")

} // namespace coffer::agent
