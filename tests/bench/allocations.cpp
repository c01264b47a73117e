// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"

#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BENCH_COUNTS_MALLOC
#endif

/// The counters are what they are for: one per program, and plain because the
/// program has but one thread that allocates while it measures.
static coffer::bench::Allocations counted;

coffer::bench::Allocations coffer::bench::allocationsSoFar() { return counted; }

#ifdef BENCH_COUNTS_MALLOC

static void count(std::size_t bytes)
{
    ++counted.count;
    counted.bytes += bytes;
}

// The program's own malloc wins over the library's for all shared objects;
// glibc keeps its implementation within reach under these names. free() needs
// no counting and stays glibc's.
extern "C" {

void *__libc_malloc(std::size_t bytes);
void *__libc_calloc(std::size_t items, std::size_t bytes);
void *__libc_realloc(void *old, std::size_t bytes);
void *__libc_memalign(std::size_t alignment, std::size_t bytes);

void *malloc(std::size_t bytes)
{
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(std::size_t items, std::size_t bytes)
{
    count(items * bytes);
    return __libc_calloc(items, bytes);
}

void *realloc(void *old, std::size_t bytes)
{
    count(bytes);
    return __libc_realloc(old, bytes);
}

void *aligned_alloc(std::size_t alignment, std::size_t bytes)
{
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

} // extern "C"

#endif
