// SPDX-License-Identifier: Apache-2.0
#include "net/peer_address.h"

#include <algorithm>
#include <utility>

namespace coffer::net {

static constexpr qsizetype hostCharsMax = 255;

Result<PeerAddress> PeerAddress::parse(const QString &text)
{
    const Error fault{ErrorCode::invalid,
                      QStringLiteral("\"%1\" is not an address; write host:port, as in "
                                     "10.0.0.1:7401 or [::1]:7401")
                          .arg(text.left(hostCharsMax))};
    const qsizetype colon = text.lastIndexOf(QLatin1Char(':'));
    QString host = text.left(std::max<qsizetype>(colon, 0));
    bool isNumber = false;
    const uint port = QStringView(text).mid(colon + 1).toUInt(&isNumber);
    if (colon < 0 || !isNumber || port > 65535)
        return fault;
    if (host.startsWith(QLatin1Char('[')) && host.endsWith(QLatin1Char(']')))
        host = host.mid(1, host.size() - 2);
    else if (host.contains(QLatin1Char(':')))
        return fault;
    if (host.isEmpty() || host.size() > hostCharsMax)
        return fault;
    for (const QChar letter : std::as_const(host)) {
        if (letter.unicode() <= 0x20 || letter.unicode() >= 0x7f || letter == QLatin1Char(','))
            return fault;
    }
    return PeerAddress{host, quint16(port)};
}

QString PeerAddress::text() const
{
    const bool isV6 = host.contains(QLatin1Char(':'));
    return (isV6 ? QStringLiteral("[%1]:%2") : QStringLiteral("%1:%2")).arg(host).arg(port);
}

} // namespace coffer::net
