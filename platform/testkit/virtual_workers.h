// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginhost/ports.h"
#include "testkit/virtual_loop.h"

#include <memory>

namespace coffer::testkit {

/// The other threads of a node, in virtual time: work is done on the one thread there is, a
/// millisecond later. One thread.
class VirtualWorkers final : public pluginhost::Workers
{
public:
    explicit VirtualWorkers(VirtualLoop &loop) : m_loop(loop) {}

    [[nodiscard]] bool run(std::function<void()> work, std::function<void()> done) override
    {
        m_loop.after(
            std::chrono::milliseconds(1),
            [alive = std::weak_ptr(m_alive), work = std::move(work), done = std::move(done)] {
                if (alive.expired())
                    return;
                work();
                done();
            });
        return true;
    }

private:
    VirtualLoop &m_loop;
    std::shared_ptr<int> m_alive = std::make_shared<int>(0); ///< Gone with this.
};

} // namespace coffer::testkit
