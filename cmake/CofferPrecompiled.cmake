# SPDX-License-Identifier: Apache-2.0
#
# Headers of the standard library and of Qt that most sources read, compiled once: a third of the
# time of a build. Sources include what they use all the same; the build of the fuzzers, with clang,
# has nothing precompiled and says so if one does not.

set(COFFER_PRECOMPILED "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(COFFER_PRECOMPILED <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map>
        <memory> <optional> <set> <utility> <variant> <vector> <QByteArray> <QCborArray>
        <QCborMap> <QCborValue> <QCoreApplication> <QCoroTask> <QDir> <QFile> <QJsonArray>
        <QJsonDocument> <QJsonObject> <QObject> <QPointer> <QString> <QStringList> <QTimer>)
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/precompiled.cpp" CONTENT "")
    add_library(coffer_precompiled OBJECT "${PROJECT_BINARY_DIR}/generated/precompiled.cpp")
    target_link_libraries(coffer_precompiled
        PRIVATE Qt6::Core QCoro6::Core Coffer::warnings Coffer::sanitizers)
    target_precompile_headers(coffer_precompiled PRIVATE ${COFFER_PRECOMPILED})
endif()

# coffer_precompile(<target> [OWN]): OWN for one whose compiler settings are not those of all.
function(coffer_precompile target)
    if(COFFER_PRECOMPILED AND "OWN" IN_LIST ARGN)
        target_precompile_headers(${target} PRIVATE ${COFFER_PRECOMPILED})
    elseif(COFFER_PRECOMPILED)
        target_precompile_headers(${target} REUSE_FROM coffer_precompiled)
    endif()
endfunction()
