// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QCoro/QCoroTask>

namespace coffer {

/// Lets \a task run with nobody waiting for it; what it throws is logged under \a name. The only
/// way to start a coroutine and not await it: a Task that is just dropped loses its exceptions.
/// \a name is a literal.
void spawn(QCoro::Task<void> task, const char *name);
/// The same; an error is logged as well.
void spawn(QCoro::Task<Result<void>> task, const char *name);

} // namespace coffer
