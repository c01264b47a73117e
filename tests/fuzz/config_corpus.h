// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>

#include <functional>

namespace coffer::fuzz {

/// Gives the first inputs of the fuzzers of configuration to \a write(fuzzer, name, bytes).
void writeConfig(
    const std::function<void(const QString &, const QString &, const QByteArray &)> &write);

} // namespace coffer::fuzz
