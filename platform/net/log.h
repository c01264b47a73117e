// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QString>

namespace coffer::net {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

/// Sends what the program logs to standard error, one line each, from \a level on. The category of
/// a room is "coffer.<room>"; Qt's own have names of theirs. To be called once, early.
void installLog(LogLevel level, LogFormat format);

/// One line as it is written, with its line feed. Control characters are escaped, so that nothing
/// a peer or client says can look like a line of its own. Pure.
struct LogLine
{
    QDateTime time;
    LogLevel level = LogLevel::info;
    QString category;
    QString message;
};
[[nodiscard]] QByteArray formatLine(const LogLine &line, LogFormat format);

} // namespace coffer::net
