// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/eventual.h"
#include "pluginhost/ports.h"
#include "rpc/spawn.h"

#include <QLoggingCategory>
#include <QString>

#include <QCoro/QCoroTask>

#include <map>
#include <memory>
#include <utility>

namespace coffer::pluginhost {

/// Measures how long plugins keep the node thread for themselves. Time that a call into another
/// plugin takes within one counts for that other one.
class Meter
{
public:
    /// Longer than this is logged.
    static constexpr std::chrono::milliseconds blockingFrom{50};

    explicit Meter(const Clock &clock) : m_clock(&clock) {}
    /// From now on nothing is measured: the clock goes.
    void detach() { m_clock = nullptr; }

    /// One stretch of a plugin's code, while it lives.
    class Stretch
    {
    public:
        Stretch(std::shared_ptr<Meter> meter, const QString &plugin, const QString &what);
        ~Stretch();
        Q_DISABLE_COPY_MOVE(Stretch)

    private:
        std::shared_ptr<Meter> m_meter; // shared with all plugins of a host
        const QString &m_plugin;
        const QString &m_what;
        Monotonic m_began;
        Monotonic m_outerInner;
    };

private:
    [[nodiscard]] Monotonic now() const { return m_clock ? m_clock->monotonic() : Monotonic(0); }

    const Clock *m_clock;
    Monotonic m_inner{0}; ///< Of the present stretch, what other plugins took.
};

/// One run of a plugin, from its start to its end: how much of it is under way, and who has to be
/// told when it stops. Shared by everything that the plugin was given. Node thread.
class PluginRun final : public std::enable_shared_from_this<PluginRun>
{
    Q_DISABLE_COPY_MOVE(PluginRun)

public:
    enum class Moment {
        stop, ///< It is to stop: waiting ends, nothing new begins.
        cut   ///< Its time to stop is nearly over: answers that still lack are given up.
    };

    PluginRun(QString name, std::shared_ptr<Meter> meter)
        : m_name(std::move(name))
        , m_category("coffer.plugin." + m_name.toUtf8())
        , m_log(m_category.constData())
        , m_meter(std::move(meter))
    {}

    [[nodiscard]] const QString &name() const { return m_name; }
    [[nodiscard]] const QLoggingCategory &log() const { return m_log; }
    [[nodiscard]] bool isStopping() const { return m_isStopping; }
    [[nodiscard]] bool isCut() const { return m_isCut; }
    void stop();
    void cut();

    /// Keeps a callback; forgets it when it dies.
    class [[nodiscard]] Ticket
    {
    public:
        Ticket() = default;
        Ticket(Ticket &&) noexcept = default;
        Ticket &operator=(Ticket &&other) noexcept;
        ~Ticket() { reset(); }
        void reset();

    private:
        friend class PluginRun;
        std::weak_ptr<PluginRun> m_run; // shared with the host
        std::uint64_t m_id = 0;
    };
    /// Calls \a call at that moment; now, if it has passed.
    Ticket when(Moment moment, std::function<void()> call);

    /// Something of the plugin is under way while it lives.
    class Frame
    {
    public:
        explicit Frame(std::shared_ptr<PluginRun> run) : m_run(std::move(run))
        {
            ++m_run->m_frames;
        }
        ~Frame();
        Q_DISABLE_COPY_MOVE(Frame)

    private:
        std::shared_ptr<PluginRun> m_run; // shared with the host
    };
    [[nodiscard]] int frames() const { return m_frames; }
    /// Called each time when nothing is under way any more.
    void setOnIdle(std::function<void()> onIdle) { m_onIdle = std::move(onIdle); }

    /// Runs \a call, which is code of the plugin or resumes it, and looks how long it takes.
    template<class Call>
    auto enter(const QString &what, Call &&call)
    {
        const Meter::Stretch stretch(m_meter, m_name, what);
        return call();
    }
    /// Gives the plugin what it waits for.
    template<class T>
    void give(const typename Eventual<T>::Setter &set, Result<T> result)
    {
        enter(awaited, [&] { set(std::move(result)); });
    }
    /// Awaits \a task on behalf of the plugin: with the error \a ifCut once the run is cut.
    template<class T>
    [[nodiscard]] QCoro::Task<Result<T>> await(QCoro::Task<Result<T>> task, ErrorCode ifCut)
    {
        const std::shared_ptr<PluginRun> self = shared_from_this();
        const Frame frame(self);
        Eventual<T> answer(goneError(ifCut));
        const auto set = answer.setter();
        const Ticket ticket = self->when(Moment::cut, [run = self.get(), set, ifCut] {
            run->give<T>(set, run->goneError(ifCut));
        });
        coffer::spawn(forward<T>(self, std::move(task), set), "plugin");
        Result<T> result = co_await answer;
        co_return result;
    }
    [[nodiscard]] Error goneError(ErrorCode code) const;
    /// Logs that the plugin threw, within a catch (...). Returns what, for people.
    QString caught(const char *where) const;

private:
    template<class T>
    [[nodiscard]] static QCoro::Task<void> forward(std::shared_ptr<PluginRun> run,
                                                   QCoro::Task<Result<T>> task,
                                                   typename Eventual<T>::Setter set)
    {
        Result<T> result = co_await task;
        run->give<T>(set, std::move(result));
    }
    using Calls = std::map<std::uint64_t, std::function<void()>>; // by the number of the ticket
    static void callAll(Calls &calls);

    inline static const QString awaited = QStringLiteral("a task");

    QString m_name;
    QByteArray m_category;
    QLoggingCategory m_log;
    std::shared_ptr<Meter> m_meter; // shared with all plugins of a host
    Calls m_onStop;
    Calls m_onCut;
    std::uint64_t m_lastTicket = 0;
    std::function<void()> m_onIdle;
    int m_frames = 0;
    bool m_isStopping = false;
    bool m_isCut = false;
};

} // namespace coffer::pluginhost
