# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where: programs, plugins, and the SDK, which is the CMake package
# Coffer with the headers that plugin and client authors need. Included when all rooms are known.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(COFFER_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/Coffer")
set(COFFER_ARCHIVE_DIR "${CMAKE_INSTALL_LIBDIR}/coffer")
set(COFFER_PLUGIN_DIR "lib/coffer/plugins") # cofferd looks there, from where it lies itself
set(COFFER_DOC_DIR "${CMAKE_INSTALL_DATADIR}/doc/coffer")
set(COFFER_HEADER_DIR "${CMAKE_INSTALL_INCLUDEDIR}/coffer")

# The headers of the SDK. What one of them includes is here too; the test `sdk` compiles each alone.
set(sdk_headers
    base/clock.h base/eventual.h base/ids.h base/limits.h base/result.h
    client/client.h client/connection.h client/credentials.h client/endpoint.h client/link.h
    client/remote_store.h client/sequences.h
    net/http_message.h net/spawn.h
    pluginapi/context.h pluginapi/duty.h pluginapi/methods.h pluginapi/metrics.h pluginapi/plugin.h
    pluginapi/store.h
    rpc/call.h rpc/error.h rpc/method.h rpc/params.h rpc/spawn.h rpc/subscription.h
    store/answer.h store/change.h store/command.h store/glob.h store/limits.h store/path.h
    store/query.h store/watch.h
    testkit/cluster.h testkit/main.h)
foreach(header IN LISTS sdk_headers)
    cmake_path(GET header PARENT_PATH room)
    install(FILES "${PROJECT_SOURCE_DIR}/platform/${header}"
        DESTINATION "${COFFER_HEADER_DIR}/${room}" COMPONENT sdk)
endforeach()

# The rooms as archives. Authors name Coffer::pluginapi, Coffer::client and Coffer::TestKit; what
# those are made of is called room_..., and is nobody's business.
foreach(room base wire wire_proto store storage consensus engine net rpc pluginapi pluginhost client
        node testkit)
    if(NOT TARGET coffer_${room})
        continue()
    endif()
    set_target_properties(coffer_${room} PROPERTIES EXPORT_NAME room_${room})
    install(TARGETS coffer_${room} EXPORT CofferTargets
        ARCHIVE DESTINATION "${COFFER_ARCHIVE_DIR}" COMPONENT sdk)
    target_include_directories(coffer_${room} INTERFACE "$<INSTALL_INTERFACE:${COFFER_HEADER_DIR}>")
endforeach()
target_compile_features(coffer_base INTERFACE cxx_std_20)
# What plugins compile against has no archive: cofferd has the code. Config calls it pluginapi.
set_target_properties(coffer_plugin_sdk PROPERTIES EXPORT_NAME plugin_sdk)
target_include_directories(coffer_plugin_sdk
    INTERFACE "$<INSTALL_INTERFACE:${COFFER_HEADER_DIR}>")
install(TARGETS coffer_plugin_sdk EXPORT CofferTargets COMPONENT sdk)
set_target_properties(coffer_client PROPERTIES EXPORT_NAME client)
set_target_properties(coffer_testkit PROPERTIES EXPORT_NAME TestKit)
install(EXPORT CofferTargets NAMESPACE Coffer:: DESTINATION "${COFFER_PACKAGE_DIR}" COMPONENT sdk)

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/CofferConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/package/CofferConfig.cmake" INSTALL_DESTINATION "${COFFER_PACKAGE_DIR}")
# Before 1.0 only sources are compatible, and only within a minor version.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/CofferConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/package/CofferConfig.cmake"
    "${PROJECT_BINARY_DIR}/package/CofferConfigVersion.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/CofferFingerprint.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/CofferPlugin.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/CofferPluginTest.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/plugin_factory.cpp.in"
    DESTINATION "${COFFER_PACKAGE_DIR}" COMPONENT sdk)

# The programs, and what belongs to them.
install(TARGETS cofferd cofferd-data cofferd-journal coffer coffer-agent
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT programs)
install(TARGETS coffer_plugin_goconf
    LIBRARY DESTINATION "${COFFER_PLUGIN_DIR}" COMPONENT programs)
foreach(page access agent agent-guarantees coffer goconf goconf-fleet operations plugin-guide
        quickstart)
    install(FILES "${PROJECT_SOURCE_DIR}/docs/${page}.md"
        DESTINATION "${COFFER_DOC_DIR}" COMPONENT programs)
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
    DESTINATION "${COFFER_DOC_DIR}" COMPONENT programs)

# The example is there to be read, and its flags are nobody's; it is not among the plugins.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/plugins/example"
    DESTINATION "${COFFER_DOC_DIR}" COMPONENT sdk)

set(completions "${PROJECT_BINARY_DIR}/completions")
set(completion_files)
foreach(program coffer coffer-agent)
    set(files "${completions}/${program}" "${completions}/_${program}")
    add_custom_command(OUTPUT ${files}
        COMMAND ${CMAKE_COMMAND} -E make_directory "${completions}"
        COMMAND ${program} completion bash > "${completions}/${program}"
        COMMAND ${program} completion zsh > "${completions}/_${program}"
        DEPENDS ${program} VERBATIM)
    list(APPEND completion_files ${files})
    install(FILES "${completions}/${program}"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT programs)
    install(FILES "${completions}/_${program}"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT programs)
endforeach()
add_custom_target(coffer_completions ALL DEPENDS ${completion_files})

# The units name the prefix, which is only known when they are installed.
foreach(unit cofferd coffer-agent)
    set(unit_template "${PROJECT_SOURCE_DIR}/installers/${unit}.service.in")
    set(unit_file "${PROJECT_BINARY_DIR}/package/${unit}.service")
    install(CODE "set(COFFER_PREFIX \"\${CMAKE_INSTALL_PREFIX}\")
        configure_file(\"${unit_template}\" \"${unit_file}\" @ONLY)"
        COMPONENT programs)
    install(FILES "${unit_file}"
        DESTINATION lib/systemd/system COMPONENT programs)
endforeach()
