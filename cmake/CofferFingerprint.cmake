# SPDX-License-Identifier: Apache-2.0
#
# What a plugin and its host have to agree on: one line of text, asked of the preprocessor with the
# flags of this build. docs/ARCHITECTURE.md, "Plugins". Also part of the installed package.

# coffer_fingerprint(<variable> <version of the SDK>): needs Qt6 and QCoro6 to be found.
function(coffer_fingerprint variable version)
    set(probe "${CMAKE_BINARY_DIR}/CMakeFiles/coffer_fingerprint.cpp")
    file(WRITE "${probe}" [=[
#include <tl/expected.hpp>
#include <version>
#if defined(__clang__)
compiler=clang __clang_major__
#else
compiler=GNU __GNUC__
#endif
expected=TL_EXPECTED_VERSION_MAJOR TL_EXPECTED_VERSION_MINOR
#if defined(_GLIBCXX_DEBUG)
flag=_GLIBCXX_DEBUG
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
flag=oldabi
#endif
#if defined(__SANITIZE_ADDRESS__)
flag=address
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
flag=address
#endif
#endif
#if defined(__SANITIZE_THREAD__)
flag=thread
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
flag=thread
#endif
#endif
]=])
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
    if(COFFER_SANITIZE)
        list(APPEND flags -fsanitize=${COFFER_SANITIZE})
    endif()
    get_target_property(include_folders tl::expected INTERFACE_INCLUDE_DIRECTORIES)
    foreach(folder IN LISTS include_folders)
        list(APPEND flags "-I${folder}")
    endforeach()
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} ${flags} -std=c++20 -E -P "${probe}"
        OUTPUT_VARIABLE text ERROR_VARIABLE fault RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
        message(FATAL_ERROR "coffer_fingerprint: the preprocessor failed:\n${fault}")
    endif()
    string(REGEX MATCH "compiler=([^\n]*)" unused "${text}")
    string(STRIP "${CMAKE_MATCH_1}" compiler)
    string(REGEX MATCH "expected=([0-9]+) ([0-9]+)" unused "${text}")
    set(expected "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
    string(REGEX MATCHALL "flag=[^\n]*" found "${text}")
    string(REPLACE "flag=" "" found "${found}")
    string(REPLACE ";" " " found "${found}")
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" qt "${Qt6Core_VERSION}")
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" qcoro "${QCoro6_VERSION}")
    set(line "Coffer ${version}, ${compiler}, Qt ${qt}, QCoro ${qcoro}, expected ${expected}")
    if(found)
        string(APPEND line ", ${found}")
    endif()
    set(${variable} "${line}" PARENT_SCOPE)
endfunction()
