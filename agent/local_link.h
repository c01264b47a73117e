// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ask.h"
#include "agent/backoff.h"

#include "base/eventual.h"

#include <QCoroTask>
#include <QLocalSocket>
#include <QObject>
#include <QTimer>

#include <deque>

namespace coffer::agent {

/// A connection to the agent of this host that comes back whenever it is lost: questions with their
/// answers, and what is told between them.
///
/// Resource; one thread, with an event loop. Who awaits an answer when it is destroyed is resumed
/// with `unavailable`.
class LocalLink final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(LocalLink)

public:
    LocalLink(QString path, Random &random);
    ~LocalLink() override;

    /// Connects from now on; opened() tells when.
    void open();
    /// What the agent says; `unavailable` if it is not connected, or is lost before the answer.
    [[nodiscard]] QCoro::Task<Result<QJsonObject>> ask(Ask ask);

Q_SIGNALS:
    /// It is connected (again): nothing is watched.
    void opened();
    /// It was connected, and is no more.
    void lost();
    void heard(const QJsonObject &event);

private:
    void onLines();
    void onGone();

    QString m_path;
    Random &m_random;
    Backoff m_backoff;
    QTimer m_again;
    QLocalSocket m_socket;
    bool m_isOpen = false;
    std::deque<Eventual<QJsonObject>::Setter> m_awaited; ///< Answers come in order.
};

} // namespace coffer::agent
