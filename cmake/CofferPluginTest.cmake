# SPDX-License-Identifier: Apache-2.0
#
# How plugins are tested. Also part of the installed package.

# coffer_add_plugin_test(NAME <tst_name> PLUGIN <name> SOURCES ... [LINKS ...])
#
# A QtTest program with testkit::Cluster. It is linked with the objects of the plugin that
# coffer_add_plugin(NAME <name>) made, and so loads no library; COFFER_PLUGIN_JSON is the file with
# what the plugin says of itself. It is a test of ctest where that is enabled.
function(coffer_add_plugin_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;PLUGIN" "SOURCES;LINKS")
    set(plugin coffer_plugin_${arg_PLUGIN})
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES OR NOT TARGET ${plugin})
        message(FATAL_ERROR "coffer_add_plugin_test(${arg_NAME}): expected NAME, SOURCES, and as "
            "PLUGIN the name of a plugin that coffer_add_plugin() has made before")
    endif()
    get_target_property(binary_folder ${plugin} BINARY_DIR)
    get_target_property(includes ${plugin} INCLUDE_DIRECTORIES)
    get_target_property(links ${plugin} LINK_LIBRARIES)
    set(objects "$<FILTER:$<TARGET_OBJECTS:${plugin}>,EXCLUDE,/plugin_factory>")
    add_executable(${arg_NAME} ${arg_SOURCES} "${objects}")
    set_target_properties(${arg_NAME} PROPERTIES
        AUTOMOC ON CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    target_include_directories(${arg_NAME} PRIVATE ${includes})
    target_link_libraries(${arg_NAME} PRIVATE ${links} ${arg_LINKS} Coffer::TestKit)
    target_compile_definitions(${arg_NAME} PRIVATE
        COFFER_PLUGIN_JSON="${binary_folder}/${plugin}/plugin.json")
    if(COMMAND coffer_precompile)
        coffer_precompile(${arg_NAME})
    endif()
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
endfunction()
