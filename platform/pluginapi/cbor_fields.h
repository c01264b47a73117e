// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/cbor.h"
#include "base/result.h"

#include <QByteArray>
#include <QCborArray>
#include <QCborMap>
#include <QString>
#include <QVarLengthArray>

#include <optional>
#include <vector>

namespace coffer::pluginapi {

/// A map as readers take it: bytes of the caller, which are then read in place, or values.
class CborSource
{
public:
    // Implicit: one reader serves both.
    // NOLINTBEGIN(google-explicit-constructor)
    /// \a map has to outlive this, to be well-formed and of bounded depth: rpc/json.h,
    /// refuteCbor(). Another item reads as a map without members.
    CborSource(QByteArrayView map) : m_bytes(map) {}
    CborSource(const QByteArray &map) : m_bytes(map) {}
    CborSource(const QCborMap &map) : m_own(map.toCborValue().toCbor()), m_bytes(m_own) {}
    // NOLINTEND(google-explicit-constructor)
    Q_DISABLE_COPY_MOVE(CborSource)

    [[nodiscard]] QByteArrayView bytes() const { return m_bytes; }

private:
    QByteArray m_own;
    QByteArrayView m_bytes;
};

/// Reads the members of a CBOR map strictly, and remembers the first fault.
///
/// A member that is absent reads as its default; one of another type, beyond its bounds, or that
/// nobody asked for is a fault that names it. After a fault everything reads as a default, so
/// that readers need not ask after each member; finish() decides. The bytes must outlive it.
class CborFields
{
public:
    /// \a where: the name of the map for people, as "figures"; empty for parameters. Bytes are
    /// those of a CborSource.
    explicit CborFields(QByteArrayView map, QString where = {});
    explicit CborFields(const QCborMap &map, QString where = {});
    /// The item \a index of the array \a name in \a outer, which has to outlive this.
    CborFields(QByteArrayView map, const CborFields &outer, const char *name, std::size_t index);

    [[nodiscard]] bool has(const char *name) const;
    /// UTF-8 bytes of a text.
    [[nodiscard]] QByteArray text(const char *name, std::size_t bytesMax);
    [[nodiscard]] QByteArray bytes(const char *name, std::size_t bytesMax);
    [[nodiscard]] std::uint64_t number(const char *name, std::uint64_t max = numberMax);
    [[nodiscard]] bool flag(const char *name);
    [[nodiscard]] QCborMap map(const char *name);
    [[nodiscard]] QCborArray array(const char *name, std::size_t itemsMax);
    /// As map() and array(), as slices of what is read.
    [[nodiscard]] QByteArrayView mapItem(const char *name);
    [[nodiscard]] std::vector<QByteArrayView> arrayItems(const char *name, std::size_t itemsMax);

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
    struct Member
    {
        QByteArrayView name;
        QByteArrayView value;
        bool isAsked = false;
    };

    void read(QByteArrayView map);
    [[nodiscard]] QString where() const;
    [[nodiscard]] QByteArrayView take(const char *name);

    QByteArray m_own; ///< The map as bytes, where it came otherwise or with keys in pieces.
    QVarLengthArray<Member, 12> m_members;
    QString m_where;
    const CborFields *m_outer = nullptr; ///< What the name is made of when somebody asks.
    const char *m_array = nullptr;
    std::size_t m_index = 0;
    std::optional<Error> m_fault;
};

} // namespace coffer::pluginapi
