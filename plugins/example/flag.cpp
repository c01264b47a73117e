// SPDX-License-Identifier: Apache-2.0
#include "example/flag.h"

#include <QCryptographicHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtEndian>

using namespace Qt::StringLiterals;

namespace coffer::example {

/// 0 to 99: where \a subject stands in the queue for \a name. Different flags take different
/// subjects first.
static int placeOf(const QByteArray &name, const QByteArray &subject)
{
    const QByteArray hash =
        QCryptographicHash::hash(name + '/' + subject, QCryptographicHash::Sha256);
    return int(qFromBigEndian<quint32>(hash.constData()) % 100);
}

bool Flag::isOnFor(const QByteArray &name, const QByteArray &subject, WallMs now) const
{
    return !isExpired(now) && placeOf(name, subject) < percent;
}

Result<Flag> Flag::parse(const QByteArray &json)
{
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    const int percent = object["percent"_L1].toInt(-1);
    if (percent < 0 || percent > 100)
        return Error{ErrorCode::invalid, u"percent: expected a number from 0 to 100"_s};
    Flag flag{.percent = percent};
    if (object.contains("untilMs"_L1))
        flag.until = WallMs(object["untilMs"_L1].toInteger());
    return flag;
}

QByteArray Flag::toJson() const
{
    return QJsonDocument(toCbor().toJsonObject()).toJson(QJsonDocument::Compact);
}

QCborMap Flag::toCbor() const
{
    QCborMap map{{u"percent"_s, percent}};
    if (until)
        map.insert(u"untilMs"_s, qint64(until->count()));
    return map;
}

} // namespace coffer::example
