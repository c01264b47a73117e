// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/query.h"
#include "support/store_model.h"

#include <QString>

namespace coffer::sim {

/// What a store says of itself at one slot.
struct StoreMoment
{
    Revision revision;
    Revision floor;
    WallMs time{0};
};

/// What is wrong with \a reply to \a question, if it was given at \a moment; empty if nothing is.
/// \a model has to keep every revision. Figures and sessions are not judged.
[[nodiscard]] QString whatIsWrong(const store::Reply &reply, const store::Question &question,
                                  const StoreMoment &moment, const test::StoreModel &model);

} // namespace coffer::sim
