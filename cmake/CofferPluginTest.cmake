# SPDX-License-Identifier: Apache-2.0
#
# How plugins are tested. Also part of the installed package.

# coffer_add_plugin_test(NAME <tst_name> PLUGIN <name> SOURCES ... [LINKS ...])
#
# A QtTest program with testkit::Cluster. It compiles the sources of the plugin that
# coffer_add_plugin(NAME <name>) made, and so loads no library; COFFER_PLUGIN_JSON is the file with
# what the plugin says of itself. It is a test of ctest where that is enabled.
function(coffer_add_plugin_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;PLUGIN" "SOURCES;LINKS")
    set(plugin coffer_plugin_${arg_PLUGIN})
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES OR NOT TARGET ${plugin})
        message(FATAL_ERROR "coffer_add_plugin_test(${arg_NAME}): expected NAME, SOURCES, and as "
            "PLUGIN the name of a plugin that coffer_add_plugin() has made before")
    endif()
    get_target_property(folder ${plugin} SOURCE_DIR)
    get_target_property(binary_folder ${plugin} BINARY_DIR)
    get_target_property(sources ${plugin} SOURCES)
    get_target_property(includes ${plugin} INCLUDE_DIRECTORIES)
    get_target_property(links ${plugin} LINK_LIBRARIES)
    list(FILTER sources EXCLUDE REGEX "/plugin_factory\\.cpp$")
    list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/$]")
    add_executable(${arg_NAME} ${arg_SOURCES} ${sources})
    set_target_properties(${arg_NAME} PROPERTIES
        AUTOMOC ON CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    target_include_directories(${arg_NAME} PRIVATE ${includes})
    target_link_libraries(${arg_NAME} PRIVATE ${links} ${arg_LINKS} Coffer::TestKit)
    target_compile_definitions(${arg_NAME} PRIVATE
        COFFER_PLUGIN_JSON="${binary_folder}/${plugin}/plugin.json")
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
endfunction()
