// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"

#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef COFFER_HAS_MIMALLOC
#include <mimalloc.h>
#endif

/// The counters are what they are for: one per program, and plain because the
/// program has but one thread that allocates while it measures.
static coffer::bench::Allocations counted;

coffer::bench::Allocations coffer::bench::allocationsSoFar() { return counted; }

#ifdef COFFER_HAS_MIMALLOC

static void count(std::size_t bytes)
{
    ++counted.count;
    counted.bytes += bytes;
}

// The program's own malloc wins over those of the libraries for all shared objects, and passes on
// to the allocator of the shipped programs. free() needs no counting and stays that one's.
extern "C" {

void *malloc(std::size_t bytes)
{
    count(bytes);
    return mi_malloc(bytes);
}

void *calloc(std::size_t items, std::size_t bytes)
{
    count(items * bytes);
    return mi_calloc(items, bytes);
}

void *realloc(void *old, std::size_t bytes)
{
    count(bytes);
    return mi_realloc(old, bytes);
}

void *aligned_alloc(std::size_t alignment, std::size_t bytes)
{
    count(bytes);
    return mi_aligned_alloc(alignment, bytes);
}

} // extern "C"

// The allocator's own operators do not pass through malloc().
void *operator new(std::size_t bytes)
{
    count(bytes);
    return mi_new(bytes);
}

void *operator new[](std::size_t bytes)
{
    count(bytes);
    return mi_new(bytes);
}

void *operator new(std::size_t bytes, std::align_val_t alignment)
{
    count(bytes);
    return mi_new_aligned(bytes, std::size_t(alignment));
}

void *operator new[](std::size_t bytes, std::align_val_t alignment)
{
    count(bytes);
    return mi_new_aligned(bytes, std::size_t(alignment));
}

#endif
