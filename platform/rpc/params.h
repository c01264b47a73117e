// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QCborMap>
#include <QCborValue>

#include <optional>
#include <utility>

namespace coffer::rpc {

/// The parameters of a call, as values or as bytes: either is made of the other when it is asked
/// for. Hot methods read bytes. Value; one thread.
class Params
{
public:
    // Implicit: parameters are a map, however they came.
    // NOLINTBEGIN(google-explicit-constructor)
    Params(QCborMap map = {}) : m_map(std::move(map)) {}
    operator const QCborMap &() const { return map(); }
    // NOLINTEND(google-explicit-constructor)

    /// \a cbor has to be one map, well-formed and of bounded depth: rpc/json.h, refuteCbor().
    [[nodiscard]] static Params of(QByteArray cbor);

    [[nodiscard]] const QCborMap &map() const;
    [[nodiscard]] const QByteArray &cbor() const;

    [[nodiscard]] QCborValue value(QLatin1StringView name) const { return map().value(name); }
    [[nodiscard]] QCborValue value(const QString &name) const { return map().value(name); }
    [[nodiscard]] bool contains(QLatin1StringView name) const { return map().contains(name); }
    [[nodiscard]] bool contains(const QString &name) const { return map().contains(name); }

private:
    mutable std::optional<QCborMap> m_map;
    mutable QByteArray m_cbor; ///< Null until it is asked for.
};

inline Params Params::of(QByteArray cbor)
{
    Params params;
    params.m_map.reset();
    params.m_cbor = std::move(cbor);
    return params;
}

inline const QCborMap &Params::map() const
{
    if (!m_map)
        m_map = QCborValue::fromCbor(m_cbor).toMap();
    return *m_map;
}

inline const QByteArray &Params::cbor() const
{
    if (m_cbor.isNull())
        m_cbor = m_map->toCborValue().toCbor();
    return m_cbor;
}

} // namespace coffer::rpc
