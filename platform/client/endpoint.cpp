// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"

#include <QStringList>

namespace coffer::client {

Result<QUrl> parseEndpoint(const QString &text)
{
    const QString trimmed = text.trimmed();
    const bool hasScheme = trimmed.contains(QStringLiteral("://"));
    QUrl url(hasScheme ? trimmed : QStringLiteral("http://") + trimmed, QUrl::StrictMode);
    const auto invalid = [&trimmed](const QString &why) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("'%1' is no address of a node: %2; expected host:port")
                         .arg(trimmed.left(200), why)};
    };
    if (!url.isValid() || url.host().isEmpty())
        return invalid(QStringLiteral("there is no host in it"));
    if (url.scheme() != QStringLiteral("http") && url.scheme() != QStringLiteral("https"))
        return invalid(QStringLiteral("its scheme is neither http nor https"));
    const bool isBare = (url.path().isEmpty() || url.path() == QStringLiteral("/"))
                        && !url.hasQuery() && !url.hasFragment() && url.userInfo().isEmpty();
    if (!isBare)
        return invalid(QStringLiteral("something stands beside host and port"));
    if (url.port() == 0)
        return invalid(QStringLiteral("there is no port 0"));
    url.setPort(url.port(defaultPort));
    url.setPath({});
    return url;
}

Result<std::vector<QUrl>> parseEndpoints(const QString &text)
{
    std::vector<QUrl> urls;
    for (const QString &one : text.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        Result<QUrl> url = parseEndpoint(one);
        if (!url)
            return url.error();
        urls.push_back(std::move(*url));
    }
    if (urls.empty()) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("no address of a node is given; expected host:port,...")};
    }
    return urls;
}

} // namespace coffer::client
