// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QStringList>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::agent {

/// A table of a TOML file, taken member by member.
///
/// What is missing is its default. The first thing that is wrong is remembered with its file and
/// line, and said by finish(), as is a member that nobody took: so readers need no checks between.
/// Value that shares the file with the tables within it.
class TomlTable
{
public:
    /// Reads \a path, at most 1 MiB. Errors name the file, and the line where there is one.
    [[nodiscard]] static Result<TomlTable> read(const QString &path);
    /// The same of \a bytes; \a name stands for the file in errors.
    [[nodiscard]] static Result<TomlTable> parse(const QByteArray &bytes, const QString &name);

    [[nodiscard]] bool has(const QString &key) const;
    /// "file:line: key", for errors about a value that was taken.
    [[nodiscard]] QString placeOf(const QString &key) const;

    [[nodiscard]] QString text(const QString &key, const QString &otherwise = {});
    /// A list of strings.
    [[nodiscard]] QStringList list(const QString &key);
    /// A string, a number or a list of strings, as a flag would be typed: lists with commas.
    [[nodiscard]] QString plain(const QString &key);
    [[nodiscard]] bool flag(const QString &key, bool otherwise);
    [[nodiscard]] qint64 number(const QString &key, qint64 otherwise, qint64 min, qint64 max);
    /// "500ms", "30s", "5m", "2h" or "1d".
    [[nodiscard]] std::chrono::milliseconds duration(const QString &key,
                                                     std::chrono::milliseconds otherwise,
                                                     std::chrono::milliseconds max);
    /// The table below \a key; nothing if there is none.
    [[nodiscard]] std::optional<TomlTable> table(const QString &key);
    /// A member that nobody took is a fault from now on.
    void close();
    /// Says what is wrong with the value of \a key.
    void fail(const QString &key, const QString &why);

    /// Closes it. `invalid`: the first fault of this file.
    [[nodiscard]] Result<void> finish();

private:
    struct File;
    struct Node;
    TomlTable(std::shared_ptr<File> file, std::shared_ptr<Node> node);
    [[nodiscard]] const void *take(const QString &key);

    std::shared_ptr<File> m_file; // shared with the tables within
    std::shared_ptr<Node> m_node;
};

/// Reads "500ms", "30s", "5m", "2h", "1d" or "0"; nothing if it is not that.
[[nodiscard]] std::optional<std::chrono::milliseconds> parseDuration(const QString &text);

} // namespace coffer::agent
