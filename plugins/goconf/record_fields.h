// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "pluginapi/cbor_fields.h"

#include <QByteArray>
#include <QCborMap>

#include <vector>

namespace coffer::goconf {

/// Reads one JSON record strictly: a member that is absent reads as empty, but for those that are
/// asked for by needed...(); see CborFields. Resource of one function.
class RecordFields
{
    Q_DISABLE_COPY_MOVE(RecordFields)

public:
    static constexpr std::size_t recordBytesMax = std::size_t(1) << 20;

    /// \a what names the record for people: "/config/shop/_all/current".
    RecordFields(const QByteArray &json, const QString &what);
    explicit RecordFields(const QCborMap &map, const QString &what);
    ~RecordFields() = default;

    [[nodiscard]] QByteArray text(const char *name, std::size_t bytesMax = 16'384);
    [[nodiscard]] QByteArray neededText(const char *name, std::size_t bytesMax = 16'384);
    [[nodiscard]] std::uint64_t number(const char *name);
    [[nodiscard]] WallMs time(const char *name);
    [[nodiscard]] std::vector<QByteArray> texts(const char *name, std::size_t itemsMax);
    /// The map of a list, or of a member: read them by RecordFields of their own.
    [[nodiscard]] std::vector<QCborMap> maps(const char *name, std::size_t itemsMax);
    [[nodiscard]] QCborMap map(const char *name);
    [[nodiscard]] bool has(const char *name) const { return m_fields.has(name); }
    void fail(const Error &error) { m_fields.fail(error); }

    /// What is wrong, `corrupt`: nobody but the platform writes records.
    [[nodiscard]] std::optional<Error> finish();

private:
    QCborMap m_map;
    QString m_what;
    pluginapi::CborFields m_fields;
};

/// \a map as compact JSON.
[[nodiscard]] QByteArray jsonOf(const QCborMap &map);
/// Texts as a CBOR array of texts, and one of them.
[[nodiscard]] QCborArray arrayOf(const std::vector<QByteArray> &texts);
[[nodiscard]] inline QString textOf(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

} // namespace coffer::goconf
