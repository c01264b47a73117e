# SPDX-License-Identifier: Apache-2.0
#
# Compiler settings as interface targets: Coffer::warnings and Coffer::sanitizers. Every target made
# by the helpers of CofferTargets.cmake links both; generated code links only the sanitizers.

find_program(COFFER_CCACHE ccache)
mark_as_advanced(COFFER_CCACHE)
if(COFFER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # What is precompiled defines no macros that a cache would have to know of.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        env CCACHE_SLOPPINESS=pch_defines,time_macros "${COFFER_CCACHE}")
endif()

# moc 6.4 cannot parse the C++20 headers of the standard library; without this path it skips them.
list(FILTER CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES EXCLUDE REGEX "/c\\+\\+/")

add_library(coffer_warnings INTERFACE)
add_library(Coffer::warnings ALIAS coffer_warnings)
target_compile_options(coffer_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
    -Wimplicit-fallthrough -Wextra-semi
    $<$<BOOL:${COFFER_WERROR}>:-Werror>)
target_compile_definitions(coffer_warnings INTERFACE
    QT_NO_KEYWORDS QT_NO_CAST_TO_ASCII QT_NO_FOREACH QT_DISABLE_DEPRECATED_BEFORE=0x060400)

# GCC documents false alarms of this warning under the sanitizers, and with -O2 GCC 12 takes every
# tl::expected that moves within a coroutine for one. The dev build (-O1) keeps it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND (COFFER_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Release"))
    target_compile_options(coffer_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

# From -O2 on GCC 12 vectorises, and then loses what a coroutine writes into members of its locals
# over a co_await: pages of a list were read again and again. docs/ARCHITECTURE.md, "GCC 12".
set(coroutine_options
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-fno-tree-vectorize>")
target_compile_options(coffer_warnings INTERFACE "${coroutine_options}")

# Two hundred tests are linked; gold, which comes with GCC's linker, takes a third of its time.
find_program(COFFER_GOLD ld.gold)
mark_as_advanced(COFFER_GOLD)
if(COFFER_GOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_link_options(-fuse-ld=gold)
endif()

add_library(coffer_sanitizers INTERFACE)
add_library(Coffer::sanitizers ALIAS coffer_sanitizers)
if(COFFER_SANITIZE)
    target_compile_options(coffer_sanitizers INTERFACE
        -fsanitize=${COFFER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(coffer_sanitizers INTERFACE -fsanitize=${COFFER_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # clang 14 cannot emit this check for coroutines ("difference across sections").
        target_compile_options(coffer_sanitizers INTERFACE -fno-sanitize=function)
    endif()
endif()
if(COFFER_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "COFFER_FUZZ needs clang: configure with the preset 'fuzz'.")
    endif()
    add_custom_target(coffer_fuzzers)
    # Coverage for the libraries; the fuzzers themselves also link the fuzzing engine.
    target_compile_options(coffer_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The allocator of the programs that are shipped and measured (docs/PERFORMANCE.md, "The allocator")
# and of nothing else. The sanitizers bring their own.
add_library(coffer_allocator INTERFACE)
add_library(Coffer::allocator ALIAS coffer_allocator)
if(NOT COFFER_SANITIZE)
    find_package(mimalloc 2.0 REQUIRED)
    target_link_libraries(coffer_allocator INTERFACE mimalloc)
    target_compile_definitions(coffer_allocator INTERFACE COFFER_HAS_MIMALLOC)
    # It is used by its names alone, malloc and free, which a linker can think it finds in libc.
    target_link_options(coffer_allocator INTERFACE -Wl,--no-as-needed)
endif()
