// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QCborArray>
#include <QCborMap>
#include <QString>

#include <optional>
#include <vector>

namespace coffer::pluginapi {

/// Reads the members of a CBOR map strictly, and remembers the first fault.
///
/// A member that is absent reads as its default; one of another type, beyond its bounds, or that
/// nobody asked for is a fault that names it. After a fault everything reads as a default, so
/// that readers need not ask after each member; finish() decides. Value; the map must outlive it.
class CborFields
{
public:
    /// \a where: the name of the map for people, as "operations[3]"; empty for parameters.
    explicit CborFields(const QCborMap &map, QString where = {});

    [[nodiscard]] bool has(const char *name) const;
    /// UTF-8 bytes of a text.
    [[nodiscard]] QByteArray text(const char *name, std::size_t bytesMax);
    [[nodiscard]] QByteArray bytes(const char *name, std::size_t bytesMax);
    [[nodiscard]] std::uint64_t number(const char *name, std::uint64_t max = numberMax);
    [[nodiscard]] bool flag(const char *name);
    [[nodiscard]] QCborMap map(const char *name);
    [[nodiscard]] QCborArray array(const char *name, std::size_t itemsMax);

    /// Notes a fault unless the member is there.
    void require(const char *name);
    void fail(const char *name, const QString &rule);
    void fail(Error error);
    /// The name of a member for people: "operations[3].path".
    [[nodiscard]] QString nameOf(const char *name) const;
    [[nodiscard]] bool isSound() const { return !m_fault; }
    /// The first fault, or that there is a member nobody asked for.
    [[nodiscard]] std::optional<Error> finish();

    static constexpr std::uint64_t numberMax =
        std::uint64_t(INT64_MAX); ///< Of a CBOR integer here.

private:
    [[nodiscard]] QCborValue take(const char *name);

    const QCborMap &m_map;
    QString m_where;
    qsizetype m_taken = 0;
    std::vector<const char *> m_asked;
    std::optional<Error> m_fault;
};

} // namespace coffer::pluginapi
