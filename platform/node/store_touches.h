// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/call.h"
#include "rpc/method.h"

#include <vector>

/// What calls of the store's methods touch, for access control and audit. Pure; of calls that are
/// decoded.
namespace coffer::node {

/// Of store.commit, store.put and store.delete. What a guard finds is told, so it is read.
[[nodiscard]] std::vector<rpc::Touch> touchesOfCommit(const rpc::Call &call);
/// Of the questions: every path of which an answer may tell.
[[nodiscard]] std::vector<rpc::Touch> touchesOfQuestion(const rpc::Call &call);

} // namespace coffer::node
