// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "config/bundle.h"
#include "config/format.h"
#include "config/value.h"

#include <QJsonObject>

#include <optional>
#include <vector>

namespace coffer::agent {

/// What the files of one version say, key by key. Value.
///
/// A bundle has finished files, so keys are read back from them: of .env, .json, .yaml and .yml as
/// their ending says, of any other ending as goconf if all of it is that. A file that is not in its
/// form, or does not consist of sections with keys, has no keys. That is no error.
class LocalValues
{
public:
    struct File
    {
        QByteArray path;
        config::FileRights rights;
        qint64 bytes = 0;
        config::Hash content;
        std::optional<config::Format> format; ///< Nothing: it has no keys.
        bool operator==(const File &) const = default;
    };
    struct Value
    {
        QByteArray key;                           ///< "section/key"
        std::size_t file = 0;                     ///< Index in files().
        config::Type type = config::Type::string; ///< As the file tells it.
        QByteArray text;
    };
    /// Files with more bytes are not looked into.
    static constexpr qsizetype fileBytesMax = qsizetype(4) << 20;

    explicit LocalValues(const config::Bundle &bundle);

    [[nodiscard]] const std::vector<File> &files() const { return m_files; }
    /// By key, then by path.
    [[nodiscard]] const std::vector<Value> &values() const { return m_values; }
    /// The value of \a key in the file \a path, or in all if that is empty. `notFound`; `refused`
    /// if files differ in it.
    [[nodiscard]] Result<const Value *> find(const QByteArray &key, const QByteArray &path) const;
    /// About what it takes in memory.
    [[nodiscard]] std::size_t bytes() const { return m_bytes; }

private:
    void read(const config::BundleFile &file);

    std::vector<File> m_files;
    std::vector<Value> m_values;
    std::size_t m_bytes = 0;
};

/// How many files, and how many keys, changesBetween() names at most.
inline constexpr qsizetype changesMax = 1'000;

/// {"files": [{"path","kind"}], "keys": [{"key","kind"}]} with the kinds added, removed, changed;
/// without \a before everything was added. "more" is true where there were too many to name.
[[nodiscard]] QJsonObject changesBetween(const LocalValues *before, const LocalValues &after);

} // namespace coffer::agent
