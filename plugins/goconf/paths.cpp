// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"

#include "store/limits.h"
#include "store/path.h"

namespace coffer::goconf {

using config::Place;

static const QByteArray root = "/config/";
static const QByteArray hostScopes = "_host@";

QByteArray hostScope(const QByteArray &host) { return hostScopes + host; }

std::optional<QByteArray> hostOfScope(const QByteArray &scope)
{
    if (!scope.startsWith(hostScopes))
        return std::nullopt;
    return scope.sliced(hostScopes.size());
}

QByteArray servicePath(const QByteArray &service) { return root + "_service/" + service; }

QByteArray idcPath(const QByteArray &idc) { return root + "_idc/" + idc; }

QByteArray hostPath(const QByteArray &host) { return root + "_host/" + host; }

QByteArray releasePath(const QByteArray &id) { return root + "_release/" + id; }

QByteArray serviceUsePath(const QByteArray &service) { return root + "_use/service/" + service; }

QByteArray idcUsePath(const QByteArray &idc) { return root + "_use/idc/" + idc; }

QByteArray hostUsePath(const QByteArray &host) { return root + "_use/host/" + host; }

QByteArray serviceReleasesPath() { return root + "_use/releases"; }

QByteArray objectPath(const config::Hash &hash, std::size_t piece)
{
    return root + "_object/" + hash.hex() + '.' + QByteArray::number(qulonglong(piece));
}

QByteArray treePath(const QByteArray &service) { return root + service; }

QByteArray pointerPath(const QByteArray &service, const QByteArray &scope)
{
    return treePath(service) + '/' + scope + "/current";
}

QByteArray snapshotPath(const QByteArray &service, const QByteArray &scope,
                        const QByteArray &version)
{
    return treePath(service) + '/' + scope + "/snapshot/" + version;
}

QByteArray reportPath(const QByteArray &service, const QByteArray &idc, const QByteArray &host)
{
    return treePath(service) + '/' + idc + "/agent/" + host;
}

QByteArray DraftId::shown() const
{
    const std::optional<QByteArray> host = hostOfScope(scope);
    QByteArray text = scope == baseScope ? service : service + '@' + scope;
    if (host)
        text = service + "@host:" + *host;
    if (draft != "main")
        text += " (draft " + draft + ')';
    return text;
}

QByteArray draftPath(const DraftId &id)
{
    return treePath(id.service) + '/' + id.scope + "/draft/" + id.draft;
}

/// A segment for the path of a file on hosts. Which place a change is of is said by the change;
/// this has only to be another for each.
static QByteArray segmentOf(const QByteArray &filePath)
{
    const QByteArray encoded = percentEncoded(filePath);
    if (std::size_t(encoded.size()) <= limits::segmentBytesMax)
        return encoded;
    return '~' + config::Hash::of(filePath).hex();
}

QByteArray changePath(const DraftId &id, const Place &place)
{
    const QByteArray draft = draftPath(id);
    switch (place.kind) {
    case Place::Kind::section: return draft + "/_section/" + place.section;
    case Place::Kind::key: return draft + '/' + place.section + '/' + place.name;
    case Place::Kind::file: return draft + "/_file/" + segmentOf(place.name);
    case Place::Kind::output: break;
    }
    return draft + "/_output/" + segmentOf(place.name);
}

QByteArray editedPath(const DraftId &id) { return draftPath(id) + "/_edited"; }

QByteArray takenPath(const DraftId &id) { return draftPath(id) + "/_taken"; }

QByteArray percentEncoded(const QByteArray &bytes)
{
    QByteArray text;
    for (const char byte : bytes) {
        if (store::isSegmentByte(byte) && byte != '%' && byte != '~')
            text += byte;
        else
            text += '%' + QByteArray(1, byte).toHex().toUpper();
    }
    return text;
}

std::optional<QByteArray> percentDecoded(const QByteArray &text)
{
    QByteArray bytes = QByteArray::fromPercentEncoding(text);
    if (percentEncoded(bytes) != text)
        return std::nullopt;
    return bytes;
}

QByteArray versionName(std::uint64_t number)
{
    return 'v' + QByteArray::number(qulonglong(number));
}

std::optional<std::uint64_t> versionNumber(const QByteArray &name)
{
    bool isNumber = false;
    const std::uint64_t number = name.sliced(name.isEmpty() ? 0 : 1).toULongLong(&isNumber);
    if (!isNumber || number == 0 || name != versionName(number))
        return std::nullopt;
    return number;
}

} // namespace coffer::goconf
