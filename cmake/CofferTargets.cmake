# SPDX-License-Identifier: Apache-2.0
#
# The only ways in which Coffer makes targets. Each helper takes explicit lists, no globs.

# Compiles .proto files of a room without our warnings. Their headers appear under
# <build>/generated/<room>/, so that dependents write #include "wire/peer.pb.h".
function(_coffer_add_protos target room)
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH import_root)
    set(out_root "${PROJECT_BINARY_DIR}/generated")
    set(generated)
    foreach(proto IN LISTS ARGN)
        cmake_path(REMOVE_EXTENSION proto OUTPUT_VARIABLE stem)
        set(outputs "${out_root}/${room}/${stem}.pb.cc" "${out_root}/${room}/${stem}.pb.h")
        add_custom_command(
            OUTPUT ${outputs}
            COMMAND ${CMAKE_COMMAND} -E make_directory "${out_root}"
            COMMAND protobuf::protoc "--proto_path=${import_root}" "--cpp_out=${out_root}"
                    "${CMAKE_CURRENT_SOURCE_DIR}/${proto}"
            DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${proto}" protobuf::protoc
            COMMENT "Generating ${room}/${stem}.pb.h"
            VERBATIM)
        list(APPEND generated ${outputs})
    endforeach()
    add_library(${target} STATIC ${generated})
    target_compile_options(${target} PRIVATE -w)
    target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${out_root}>")
    target_link_libraries(${target}
        PUBLIC protobuf::libprotobuf-lite PRIVATE $<BUILD_INTERFACE:Coffer::sanitizers>)
endfunction()

# coffer_add_room(<name> SOURCES ... [HEADERS ...] [LINKS ...] [PROTOS ...])
#
# A static library coffer_<name> with the alias Coffer::<name>. Includes start at the folder above
# the room: "consensus/acceptor.h". A room without SOURCES is header-only.
function(coffer_add_room name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINKS;PROTOS")
    _coffer_check_arguments(coffer_add_room ${name})
    set(target coffer_${name})
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH include_root)
    set(links ${arg_LINKS})
    if(arg_PROTOS)
        _coffer_add_protos(${target}_proto ${name} ${arg_PROTOS})
        list(APPEND links ${target}_proto)
    endif()
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES} ${arg_HEADERS})
        target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${include_root}>")
        target_link_libraries(${target} PUBLIC ${links} PRIVATE
            $<BUILD_INTERFACE:Coffer::warnings> $<BUILD_INTERFACE:Coffer::sanitizers>)
        coffer_precompile(${target})
    else()
        add_library(${target} INTERFACE ${arg_HEADERS})
        target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${include_root}>")
        target_link_libraries(${target} INTERFACE ${links})
    endif()
    add_library(Coffer::${name} ALIAS ${target})
endfunction()

# coffer_add_test(<tst_name> [SOURCES ...] [LINKS ...] [TIMEOUT seconds] [LABELS ...])
#
# A QtTest program, <tst_name>.cpp unless SOURCES says otherwise. Its labels are the folders it lies
# in (tests/unit/store gives "unit" and "store") and LABELS. Sanitizers get five times the time.
function(coffer_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINKS;LABELS")
    _coffer_check_arguments(coffer_add_test ${name})
    if(NOT arg_SOURCES)
        set(arg_SOURCES ${name}.cpp)
    endif()
    _coffer_add_program(${name} "${arg_SOURCES}" "${arg_LINKS};Qt6::Test")
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
    add_test(NAME ${name} COMMAND ${name})
    coffer_set_test_properties(${name} TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABELS})
endfunction()

# coffer_set_test_properties(<test> [TIMEOUT seconds] [LABELS ...])
#
# The common time limit and labels, also for tests registered by hand with add_test().
function(coffer_set_test_properties name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LABELS")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    if(COFFER_SANITIZE)
        math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
    endif()
    file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
    string(REPLACE "/" ";" labels "${folder}")
    list(APPEND labels ${arg_LABELS})
    list(REMOVE_DUPLICATES labels)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${labels}")
endfunction()

# coffer_add_bench(<name> [SOURCES ...] [LINKS ...]): a plain program, not a test.
function(coffer_add_bench name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
    _coffer_check_arguments(coffer_add_bench ${name})
    if(NOT arg_SOURCES)
        set(arg_SOURCES ${name}.cpp)
    endif()
    _coffer_add_program(${name} "${arg_SOURCES}" "Coffer::allocator;${arg_LINKS}")
endfunction()

# coffer_add_fuzzer(<fuzz_name> [SOURCES ...] [LINKS ...])
#
# A libFuzzer program with LLVMFuzzerTestOneInput; nothing happens unless COFFER_FUZZ is on.
# Its corpus lies in tests/fuzz/corpus/<fuzz_name>/.
function(coffer_add_fuzzer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
    _coffer_check_arguments(coffer_add_fuzzer ${name})
    if(NOT COFFER_FUZZ)
        return()
    endif()
    if(NOT arg_SOURCES)
        set(arg_SOURCES ${name}.cpp)
    endif()
    _coffer_add_program(${name} "${arg_SOURCES}" "${arg_LINKS}")
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/plugins")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(coffer_fuzzers ${name})
endfunction()

# A program of the tests: it may include "support/..." besides what LINKS brings.
function(_coffer_add_program name sources links)
    add_executable(${name} ${sources})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE ${links} Coffer::warnings Coffer::sanitizers)
    coffer_precompile(${name})
endfunction()

macro(_coffer_check_arguments function name)
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${function}(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
    endif()
endmacro()
