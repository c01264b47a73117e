// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_run.h"

#include <exception>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

Q_LOGGING_CATEGORY(meterLog, "coffer.plugins")

Meter::Stretch::Stretch(std::shared_ptr<Meter> meter, const QString &plugin, const QString &what)
    : m_meter(std::move(meter))
    , m_plugin(plugin)
    , m_what(what)
    , m_began(m_meter->now())
    , m_outerInner(std::exchange(m_meter->m_inner, Monotonic(0)))
{}

Meter::Stretch::~Stretch()
{
    const Monotonic all = m_meter->now() - m_began;
    const Monotonic own = all - m_meter->m_inner;
    m_meter->m_inner = m_outerInner + all;
    if (own > blockingFrom) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(own).count();
        qCWarning(meterLog).noquote()
            << u"plugin %1 blocked the node for %2 ms in %3; such work belongs into offload()"_s
                   .arg(m_plugin)
                   .arg(ms)
                   .arg(m_what);
    }
}

PluginRun::Ticket &PluginRun::Ticket::operator=(Ticket &&other) noexcept
{
    if (this != &other) {
        reset();
        m_run = std::exchange(other.m_run, {});
        m_id = other.m_id;
    }
    return *this;
}

void PluginRun::Ticket::reset()
{
    if (const auto run = std::exchange(m_run, {}).lock()) {
        run->m_onStop.erase(m_id);
        run->m_onCut.erase(m_id);
    }
}

PluginRun::Ticket PluginRun::when(Moment moment, std::function<void()> call)
{
    if (moment == Moment::stop ? m_isStopping : m_isCut) {
        call();
        return {};
    }
    Ticket ticket;
    ticket.m_run = weak_from_this();
    ticket.m_id = ++m_lastTicket;
    (moment == Moment::stop ? m_onStop : m_onCut).emplace(ticket.m_id, std::move(call));
    return ticket;
}

void PluginRun::callAll(Calls &calls)
{
    while (!calls.empty()) {
        const auto first = calls.extract(calls.begin());
        first.mapped()();
    }
}

void PluginRun::stop()
{
    if (std::exchange(m_isStopping, true))
        return;
    const auto self = shared_from_this(); // what is called may let go of it
    callAll(m_onStop);
}

void PluginRun::cut()
{
    stop();
    if (std::exchange(m_isCut, true))
        return;
    const auto self = shared_from_this();
    callAll(m_onCut);
}

PluginRun::Frame::~Frame()
{
    if (--m_run->m_frames == 0 && m_run->m_onIdle)
        m_run->m_onIdle();
}

Error PluginRun::goneError(ErrorCode code) const
{
    return {code, u"plugin %1 stops"_s.arg(m_name)};
}

QString PluginRun::caught(const char *where) const
{
    QString what = u"something that is no std::exception"_s;
    try {
        throw;
    } catch (const std::exception &thrown) {
        what = QString::fromUtf8(thrown.what());
    } catch (...) { // named above
    }
    qCCritical(m_log).noquote() << where << "threw:" << what;
    return what;
}

} // namespace coffer::pluginhost
