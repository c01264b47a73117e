// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/exit_code.h"
#include "client/remote_store.h"
#include "rpc/error.h"

#include <QCborValue>

#include <functional>

namespace coffer::cli {

template<class T>
using Task = QCoro::Task<T>;

/// What a verb works with: the cluster, and where its words go.
///
/// Results go to standard output, as text for people or, with --json, as one line of JSON each;
/// what went wrong goes to standard error. Resource; outlives the verb.
class Console
{
    Q_DISABLE_COPY_MOVE(Console)

public:
    Console(client::Client &client, bool isJson)
        : m_client(client), m_store(client), m_isJson(isJson)
    {}

    [[nodiscard]] client::Client &client() { return m_client; }
    [[nodiscard]] client::RemoteStore &store() { return m_store; }
    [[nodiscard]] bool isJson() const { return m_isJson; }

    /// A line for people. Does nothing with --json.
    void line(const QString &text);
    /// Bytes for people, as they are.
    void raw(const QByteArray &bytes);
    /// A line of JSON. Does nothing without --json.
    void json(const QCborValue &value);
    /// Progress and hints, on standard error.
    void aside(const QString &text);
    /// What is under way, on a line of standard error that the next one writes over; nothing takes
    /// it away. Only on a terminal, and not with --json.
    void progress(const QString &text);

    /// Says what went wrong and what to do; the exit code.
    [[nodiscard]] int fail(const Error &error);
    [[nodiscard]] int fail(const rpc::Failure &failure);

private:
    client::Client &m_client;
    client::RemoteStore m_store;
    bool m_isJson;
};

/// What went wrong, without a hint, for who has no console: a line on standard error, of JSON or
/// for people.
void showFailure(const rpc::Failure &failure, bool isJson);

/// A verb with its options. The task's value is the exit code.
using Run = std::function<Task<int>(Console &)>;

/// \a value on one line for people: text, or how many bytes it has.
[[nodiscard]] QString shown(const QByteArray &value);
/// A value that was given on the command line; `-` stands for what comes on standard input.
[[nodiscard]] Result<QByteArray> valueOf(const std::string &argument);

} // namespace coffer::cli
