// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/eventual.h"
#include "node/token.h"
#include "rpc/error.h"

#include <QCoroTask>
#include <QHostAddress>
#include <QObject>
#include <QThreadPool>

#include <map>
#include <vector>

namespace coffer::node {

/// Checks secrets against their hashes, on threads of its own, and remembers for a while which
/// were right. Resource; node thread.
///
/// Bounded: two threads, queueMax checks that wait, rememberedMax secrets (by a keyed hash with a
/// random key of this process), failuresMax wrong ones per address and minute.
class TokenChecker final : public QObject
{
    Q_DISABLE_COPY_MOVE(TokenChecker)

public:
    static constexpr std::size_t queueMax = 256;
    static constexpr std::size_t rememberedMax = 4'096;
    static constexpr std::size_t addressesMax = 10'000;
    static constexpr int failuresMax = 10;
    static constexpr std::chrono::minutes rememberedFor{5};
    static constexpr std::chrono::minutes failuresFor{1};

    /// \a clock has to outlive this.
    explicit TokenChecker(const Clock &clock);
    ~TokenChecker() override;

    /// Whether \a token has the secret that \a hash was made of. A failure: too many from
    /// \a address were wrong (UNAUTHENTICATED), or too many are being checked (UNAVAILABLE).
    [[nodiscard]] QCoro::Task<rpc::Answer<bool>> check(Token token, QByteArray hash,
                                                       QString address);
    /// Notes an attempt that failed before its secret could be looked at.
    void noteFailure(const QString &address);
    /// Why nothing is checked for \a address now; nothing if it is.
    [[nodiscard]] std::optional<rpc::Failure> refute(const QString &address);

    /// The host of "192.0.2.1:5123" or "::1:5123", as connections name their peers.
    [[nodiscard]] static QHostAddress hostOf(const QString &address);

    /// Checks that were really made; for tests.
    [[nodiscard]] std::size_t checksMade() const { return m_checksMade; }

    /// Does \a work on one of the threads; the answer comes in a later round of the event loop.
    /// `unavailable` if too much waits.
    template<class Value>
    [[nodiscard]] Eventual<Value> run(std::function<Result<Value>()> work)
    {
        Eventual<Value> answer({ErrorCode::unavailable, QStringLiteral("the node ended")});
        const auto set = answer.setter();
        if (m_waiting >= queueMax) {
            set(Error{ErrorCode::unavailable,
                      QStringLiteral("too many tokens are being checked; try again")});
            return answer;
        }
        ++m_waiting;
        auto box = std::make_shared<Box<Value>>(Box<Value>{set}); // handed from thread to thread
        m_threads.start([this, work = std::move(work), box = std::move(box)]() mutable {
            auto result = std::make_shared<Result<Value>>(work());
            QMetaObject::invokeMethod(
                this,
                [this, result, box] {
                    --m_waiting;
                    box->set(std::move(*result));
                },
                Qt::QueuedConnection);
            box.reset();
        });
        return answer;
    }

private:
    template<class Value>
    struct Box
    {
        typename Eventual<Value>::Setter set;
    };
    struct Remembered
    {
        QByteArray hash;
        Monotonic until{0};
    };
    struct Failures
    {
        int count = 0;
        Monotonic until{0};
    };

    [[nodiscard]] QByteArray nameOf(const Token &token) const;
    [[nodiscard]] static QString originOf(const QString &address);
    void remember(const QByteArray &name, const QByteArray &hash);

    const Clock &m_clock;
    QByteArray m_key;
    std::map<QByteArray, Remembered> m_remembered;
    std::map<QByteArray, std::vector<Eventual<bool>::Setter>> m_checking; ///< Who waits for it.
    std::map<QString, Failures> m_failures;
    std::size_t m_waiting = 0;
    std::size_t m_checksMade = 0;
    QThreadPool m_threads; ///< Ends first.
};

} // namespace coffer::node
