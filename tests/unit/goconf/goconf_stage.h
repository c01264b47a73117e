// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testkit/cluster.h"
#include "unit/goconf/staged_plugin.h"

#include <QCborArray>
#include <QCborMap>
#include <QString>
#include <QTest>

#include <chrono>
#include <memory>
#include <vector>

/// A cluster of three nodes with the plugin goconf, one service and two IDCs, and what tests of it
/// do again and again.
class GoconfStage
{
public:
    /// The service "shop" with an output, IDCs sh001 and bj001, timeout 2s live as v1. \a skews:
    /// by how much the clocks of the plugins differ from the true time, by node.
    [[nodiscard]] coffer::Result<void>
    build(const std::vector<std::chrono::milliseconds> &skews = {});

    [[nodiscard]] coffer::testkit::Cluster &cluster() { return *m_cluster; }
    [[nodiscard]] coffer::rpc::Outcome call(const QString &method, const QCborMap &params,
                                            int node = 1);
    /// Edits of the base layer's draft.
    [[nodiscard]] coffer::rpc::Outcome edit(const QCborArray &edits, int node = 1);
    /// An edit of one key in the section core, as \a who.
    [[nodiscard]] coffer::rpc::Outcome set(const QString &key, const QString &value,
                                           const QString &who = QStringLiteral("ann"),
                                           const QString &scope = QStringLiteral("_all"));
    /// Publishes the service, unless \a more has targets.
    [[nodiscard]] coffer::rpc::Outcome publish(const QString &message, QCborMap more = {});
    /// The version that is live in a scope; "" if it has none of its own.
    [[nodiscard]] QString live(const QString &scope,
                               const QString &service = QStringLiteral("shop"), int node = 1);
    [[nodiscard]] QByteArray stored(const QByteArray &path);
    /// How many there are; -1 if nobody can say.
    [[nodiscard]] qsizetype releases(int node = 1);
    /// All that the plugin has stored, with the revisions.
    [[nodiscard]] std::vector<coffer::store::FileView> allFiles();
    /// What it has registered, by name; without those that open subscriptions.
    [[nodiscard]] const std::map<QString, coffer::rpc::Method> &methods() const;
    [[nodiscard]] bool addHosts(int count, const QByteArray &idc);
    /// Makes a call at the last moment before the next transaction that touches \a path.
    void trap(const QByteArray &path, const QString &method, const QCborMap &params);
    /// What became of that call; nothing if it was not made.
    [[nodiscard]] std::optional<coffer::rpc::Outcome> sprung() const;

private:
    std::shared_ptr<staged::Backstage> m_shared = // with the plugins
        std::make_shared<staged::Backstage>();
    std::unique_ptr<coffer::testkit::Cluster> m_cluster;
};

[[nodiscard]] QString why(const coffer::rpc::Outcome &outcome);
[[nodiscard]] QCborMap target(const QString &service,
                              const QString &scope = QStringLiteral("_all"));
[[nodiscard]] QString textIn(const coffer::rpc::Outcome &outcome, const QString &member);
/// {op: "set"} in the section core.
[[nodiscard]] QCborMap setOf(const QString &key, const QString &value);

#define DONE(outcome) \
    do { \
        const rpc::Outcome &outcomeOf = (outcome); \
        QVERIFY2(outcomeOf, qPrintable(why(outcomeOf))); \
    } while (false)
#define FAILS(outcome, expected) \
    do { \
        const rpc::Outcome &outcomeOf = (outcome); \
        QVERIFY(!outcomeOf); \
        QVERIFY2(outcomeOf.error().code == (expected), qPrintable(why(outcomeOf))); \
    } while (false)
