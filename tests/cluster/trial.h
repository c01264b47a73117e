// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/load.h"
#include "cluster/process_cluster.h"

#include <QTest>

/// Long, because machines are slow when all tests run at once; nothing here waits for it.
#define WAIT_FOR(condition) QTRY_VERIFY_WITH_TIMEOUT(condition, 60'000)

/// Until the clients of \a load got further writes done. Says who is stuck if they do not.
#define WAIT_FOR_WRITES(load) \
    do { \
        const std::size_t wanted = (load).writes() + 30; \
        QTRY_VERIFY2_WITH_TIMEOUT((load).writes() >= wanted, qPrintable((load).describe()), \
                                  60'000); \
    } while (false)

/// The end of \a load: all that was seen is in order.
#define JUDGE(load) \
    do { \
        (load).stop(); \
        QTRY_VERIFY2_WITH_TIMEOUT((load).isOver(), qPrintable((load).describe()), 60'000); \
        const QStringList violations = (load).violations(); \
        QVERIFY2(violations.isEmpty(), qPrintable(violations.join(QLatin1Char('\n')))); \
        qInfo("%s", qPrintable((load).describe())); \
    } while (false)

/// Starts \a cluster and \a load, and waits until both work.
#define BEGIN(cluster, load) \
    do { \
        (cluster).startAll(); \
        WAIT_FOR((cluster).areReady()); \
        WAIT_FOR((cluster).isAgreed()); \
        (load).start(); \
        WAIT_FOR_WRITES(load); \
    } while (false)

/// A step of a test that is a function with checks of its own.
#define STEP(call) \
    do { \
        call; \
        if (QTest::currentTestFailed()) \
            return; \
    } while (false)
