// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTest>

#include <memory>

QT_BEGIN_NAMESPACE
class QCoreApplication;
QT_END_NAMESPACE

namespace coffer::testkit {

/// The application of a test in virtual time: its event loop is the kit's. One in a process.
class Application
{
public:
    Application(int &count, char **arguments);
    ~Application();
    Application(const Application &) = delete;
    Application &operator=(const Application &) = delete;

private:
    std::unique_ptr<QCoreApplication> m_application;
};

} // namespace coffer::testkit

/// main() of a QtTest program that uses testkit::Cluster; in place of QTEST_MAIN.
#define COFFER_TEST_MAIN(Test) \
    int main(int count, char **arguments) \
    { \
        coffer::testkit::Application application(count, arguments); \
        Test test; \
        return QTest::qExec(&test, count, arguments); \
    }
