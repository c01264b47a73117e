# SPDX-License-Identifier: Apache-2.0
#
# How plugins are made, and programs that host them. Also part of the installed package.

set(_COFFER_PLUGIN_TEMPLATES "${CMAKE_CURRENT_LIST_DIR}")

# coffer_add_plugin(NAME <name> VERSION <version> CLASS <a::Plugin> HEADER <plugin.h> SOURCES ...
#                   [SUMMARY <sentence>] [NEEDS ...] [PROVIDES ...] [SETTINGS <schema.json>]
#                   [INCLUDES <folder> ...] [LINKS ...] [FOLDER <folder>] [FINGERPRINT <text>])
#
# A library coffer_plugin_<name> with what it says of itself, <name>.so in FOLDER (by default
# lib/coffer/plugins of the build). CLASS, which HEADER declares, is what the host makes; HEADER is
# found from INCLUDES, by default the folder above. Only its factory is exported.
function(coffer_add_plugin)
    set(one NAME VERSION CLASS HEADER SUMMARY SETTINGS FOLDER FINGERPRINT)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "${one}" "SOURCES;NEEDS;PROVIDES;LINKS;INCLUDES")
    foreach(name NAME VERSION CLASS HEADER SOURCES)
        if(NOT arg_${name})
            message(FATAL_ERROR "coffer_add_plugin(${arg_NAME}): ${name} is missing")
        endif()
    endforeach()
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR
            "coffer_add_plugin(${arg_NAME}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_NAME MATCHES "^[a-z][a-z0-9]*$")
        message(FATAL_ERROR "coffer_add_plugin: NAME '${arg_NAME}' is not of a-z and 0-9")
    endif()
    if(NOT arg_FOLDER)
        set(arg_FOLDER "${CMAKE_BINARY_DIR}/lib/coffer/plugins")
    endif()
    if(NOT arg_INCLUDES)
        cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH arg_INCLUDES)
    endif()
    if(NOT arg_FINGERPRINT)
        set(arg_FINGERPRINT "${COFFER_PLUGIN_FINGERPRINT}")
    endif()
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/coffer_plugin_${arg_NAME}")
    _coffer_write_plugin_json("${generated}/plugin.json")
    # In the source too: moc runs while the compiler's inputs are already known.
    file(SHA256 "${generated}/plugin.json" COFFER_PLUGIN_JSON)
    set(COFFER_PLUGIN_CLASS "${arg_CLASS}")
    set(COFFER_PLUGIN_HEADER "${arg_HEADER}")
    configure_file("${_COFFER_PLUGIN_TEMPLATES}/plugin_factory.cpp.in"
        "${generated}/plugin_factory.cpp" @ONLY)

    set(target coffer_plugin_${arg_NAME})
    add_library(${target} MODULE ${arg_SOURCES} "${generated}/plugin_factory.cpp")
    set_target_properties(${target} PROPERTIES
        AUTOMOC ON PREFIX "" OUTPUT_NAME "${arg_NAME}"
        LIBRARY_OUTPUT_DIRECTORY "${arg_FOLDER}"
        CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    # GCC 12 breaks coroutines when it vectorises: docs/plugin-guide.md.
    target_compile_options(${target} PRIVATE
        "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-fno-tree-vectorize>")
    target_include_directories(${target} PRIVATE ${arg_INCLUDES})
    target_link_libraries(${target} PRIVATE Coffer::plugin_sdk ${arg_LINKS})
    if(TARGET Coffer::warnings)
        target_link_libraries(${target} PRIVATE Coffer::warnings Coffer::sanitizers)
    endif()
endfunction()

# What the host reads before it loads the library: docs/formats/plugin.md.
function(_coffer_write_plugin_json file)
    set(json "{}")
    foreach(member NAME VERSION SUMMARY FINGERPRINT)
        string(TOLOWER ${member} key)
        string(REPLACE "\\" "\\\\" text "${arg_${member}}")
        string(REPLACE "\"" "\\\"" text "${text}")
        string(JSON json SET "${json}" ${key} "\"${text}\"")
    endforeach()
    foreach(member NEEDS PROVIDES)
        string(TOLOWER ${member} key)
        list(JOIN arg_${member} "\",\"" names)
        if(arg_${member})
            string(JSON json SET "${json}" ${key} "[\"${names}\"]")
        endif()
    endforeach()
    if(arg_SETTINGS)
        cmake_path(ABSOLUTE_PATH arg_SETTINGS)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${arg_SETTINGS}")
        file(READ "${arg_SETTINGS}" schema)
        string(JSON json SET "${json}" settings "${schema}")
    endif()
    file(CONFIGURE OUTPUT "${file}" CONTENT "${json}\n" @ONLY)
endfunction()

# coffer_host_plugins(<target>): the program has all of the rooms that plugins use, and exports
# them.
#
# By hand, before everything else: the rooms come again behind each other, and CMake's WHOLE_ARCHIVE
# would then take all of them twice.
function(coffer_host_plugins target)
    set(archives)
    foreach(room base store net rpc pluginapi)
        list(APPEND archives "$<TARGET_FILE:coffer_${room}>")
        target_link_libraries(${target} PRIVATE coffer_${room})
    endforeach()
    target_link_options(${target} PRIVATE
        LINKER:--whole-archive ${archives} LINKER:--no-whole-archive)
    set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
endfunction()
