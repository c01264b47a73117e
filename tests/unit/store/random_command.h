// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "store/command.h"
#include "support/store_model.h"

namespace coffer::store::test {

using coffer::test::StoreModel;

/// Commands that collide: few paths, values, sessions and sequences, near what \a model holds.
class RandomCommand
{
public:
    RandomCommand(Random &random, const StoreModel &model) : m_random(random), m_model(model) {}

    [[nodiscard]] Command command();
    /// \a bytes with a few bytes changed, added or lost.
    [[nodiscard]] QByteArray damaged(QByteArray bytes);
    [[nodiscard]] QByteArray garbage();
    [[nodiscard]] QByteArray anyPath() { return path(); }

private:
    [[nodiscard]] bool chance(std::uint64_t oneIn) { return m_random.below(oneIn) == 0; }
    [[nodiscard]] SessionId session();
    [[nodiscard]] QByteArray path();
    [[nodiscard]] QByteArray value();
    [[nodiscard]] Revision revision();
    [[nodiscard]] Origin origin();
    [[nodiscard]] Guard guard();
    [[nodiscard]] Operation operation(bool hasOrigin);
    [[nodiscard]] Transaction transaction(bool hasOrigin);

    Random &m_random;
    const StoreModel &m_model;
};

} // namespace coffer::store::test
