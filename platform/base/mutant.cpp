// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"

namespace coffer {

#ifdef COFFER_MUTANTS
static Mutant g_mutant = Mutant::none;

bool mutantIsOn(Mutant mutant) { return g_mutant == mutant; }

void selectMutant(Mutant mutant) { g_mutant = mutant; }
#endif

} // namespace coffer
