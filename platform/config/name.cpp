// SPDX-License-Identifier: Apache-2.0
#include "config/name.h"

#include "config/limits.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

static bool isNameCharacter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
}

static bool hasNameCharacters(QByteArrayView text)
{
    return std::all_of(text.begin(), text.end(), isNameCharacter);
}

bool isName(QByteArrayView text)
{
    return !text.isEmpty() && std::size_t(text.size()) <= limits::nameBytesMax
           && text.front() != '.' && text.front() != '_' && hasNameCharacters(text);
}

Result<void> checkName(QByteArrayView text, const char *what)
{
    if (isName(text))
        return {};
    return Error{ErrorCode::invalid,
                 u"%1 '%2': expected 1 to %3 of A-Z a-z 0-9 . _ -, not beginning with . or _"_s
                     .arg(QString::fromLatin1(what),
                          QString::fromUtf8(text.first(std::min<qsizetype>(text.size(), 200))))
                     .arg(limits::nameBytesMax)};
}

bool isFilePath(QByteArrayView path)
{
    if (path.isEmpty() || std::size_t(path.size()) > limits::filePathBytesMax)
        return false;
    for (const QByteArray &part : path.toByteArray().split('/')) {
        if (part.isEmpty() || part == "." || part == ".." || !hasNameCharacters(part)
            || std::size_t(part.size()) > limits::nameBytesMax)
            return false;
    }
    return true;
}

Result<void> checkFilePath(QByteArrayView path)
{
    if (isFilePath(path))
        return {};
    return Error{ErrorCode::invalid,
                 u"file '%1': expected names of A-Z a-z 0-9 . _ - joined by '/', at most %2 bytes, "
                 "without . and .. as names"_s
                     .arg(QString::fromUtf8(path.first(std::min<qsizetype>(path.size(), 200))))
                     .arg(limits::filePathBytesMax)};
}

} // namespace coffer::config
