// SPDX-License-Identifier: Apache-2.0
#include "config/bundle.h"

#include "base/check.h"
#include "config/cbor_items_p.h"
#include "config/change.h"
#include "config/limits.h"
#include "config/name.h"

#include <zstd.h>

#include <bit>
#include <memory>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

constexpr std::size_t bundleItems = 2; ///< Version of the format, files.
constexpr std::uint64_t bundleVersion = 1;
constexpr std::size_t fileItems = 5;
constexpr int compressionLevel = 3;
/// What a window needs for two services of the largest size, one of them the base.
constexpr int windowLogMin = 10;
constexpr int windowLogMax = 27;

struct Freed
{
    void operator()(ZSTD_CCtx *context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx *context) const { ZSTD_freeDCtx(context); }
};

Error damaged(const QString &why) { return {ErrorCode::invalid, u"damaged bundle: "_s + why}; }

/// Whether one path is a folder of another, which no disk can hold.
bool isFolder(const std::set<QByteArray> &paths, const QByteArray &path)
{
    for (qsizetype slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        if (paths.contains(path.first(slash)))
            return true;
    }
    return false;
}

Result<BundleFile> readFile(CborReader &reader)
{
    if (reader.array() != fileItems)
        return damaged(u"a file that has other than %1 items"_s.arg(fileItems));
    BundleFile file;
    file.path = reader.text().toByteArray();
    const std::uint64_t mode = reader.number();
    file.rights.owner = reader.text().toByteArray();
    file.rights.group = reader.text().toByteArray();
    const QByteArrayView bytes = reader.bytes();
    if (!reader.isGood())
        return damaged(u"the bytes end early or are no canonical CBOR"_s);
    if (mode > 0777)
        return damaged(u"a mode beyond 0777"_s);
    file.rights.mode = std::uint16_t(mode);
    const Place place{Place::Kind::file, {}, file.path};
    const File described{file.path, Hash::of({}), std::uint64_t(bytes.size()), file.rights};
    if (const Result<void> checked = check(place, described); !checked)
        return checked.error().in(u"damaged bundle"_s);
    file.bytes = bytes.toByteArray();
    return file;
}

/// One exponent more than both need, so that all of the base is within reach.
int windowLogFor(std::size_t bytes)
{
    return std::clamp(int(std::bit_width(bytes)), windowLogMin, windowLogMax);
}

std::size_t sized(std::size_t code)
{
    COFFER_CHECK(ZSTD_isError(code) == 0, ZSTD_getErrorName(code));
    return code;
}

} // namespace

QByteArray encode(const Bundle &bundle)
{
    CborWriter writer;
    writer.array(bundleItems);
    writer.number(bundleVersion);
    writer.array(bundle.files.size());
    for (const BundleFile &file : bundle.files) {
        writer.array(fileItems);
        writer.text(file.path);
        writer.number(file.rights.mode);
        writer.text(file.rights.owner);
        writer.text(file.rights.group);
        writer.bytes(file.bytes);
    }
    return writer.take();
}

Result<Bundle> decodeBundle(const QByteArray &bytes)
{
    if (std::size_t(bytes.size()) > limits::serviceBytesMax)
        return Error{ErrorCode::invalid,
                     u"a bundle of %1 bytes: expected at most %2"_s.arg(bytes.size())
                         .arg(limits::serviceBytesMax)};
    CborReader reader(bytes);
    if (reader.array() != bundleItems || reader.number() != bundleVersion)
        return damaged(u"the bytes do not begin as a bundle of version 1"_s);
    const std::size_t count = reader.array();
    if (!reader.isGood() || count > limits::filesMax)
        return damaged(u"expected at most %1 files"_s.arg(limits::filesMax));
    Bundle bundle;
    std::set<QByteArray> paths;
    for (std::size_t i = 0; i < count; ++i) {
        Result<BundleFile> file = readFile(reader);
        if (!file)
            return file.error();
        if (!bundle.files.empty() && file->path <= bundle.files.back().path)
            return damaged(u"files are not in the order of their paths"_s);
        if (isFolder(paths, file->path))
            return damaged(
                u"%1 lies in a folder that is a file"_s.arg(QString::fromUtf8(file->path)));
        paths.insert(file->path);
        bundle.files.push_back(std::move(*file));
    }
    if (!reader.isAtEnd())
        return damaged(u"bytes behind its end"_s);
    return bundle;
}

QByteArray pack(const QByteArray &bytes, const QByteArray &base)
{
    const std::unique_ptr<ZSTD_CCtx, Freed> context(ZSTD_createCCtx());
    COFFER_CHECK(context != nullptr, "no memory to compress");
    const auto set = [&context](ZSTD_cParameter parameter, int value) {
        sized(ZSTD_CCtx_setParameter(context.get(), parameter, value));
    };
    set(ZSTD_c_compressionLevel, compressionLevel);
    set(ZSTD_c_checksumFlag, 1);
    if (!base.isEmpty()) {
        set(ZSTD_c_windowLog, windowLogFor(std::size_t(bytes.size()) + std::size_t(base.size())));
        set(ZSTD_c_enableLongDistanceMatching, 1);
        sized(ZSTD_CCtx_refPrefix(context.get(), base.constData(), std::size_t(base.size())));
    }
    QByteArray packed(qsizetype(ZSTD_compressBound(std::size_t(bytes.size()))), Qt::Uninitialized);
    const std::size_t size =
        sized(ZSTD_compress2(context.get(), packed.data(), std::size_t(packed.size()),
                             bytes.constData(), std::size_t(bytes.size())));
    packed.truncate(qsizetype(size));
    packed.squeeze();
    return packed;
}

Result<QByteArray> unpack(const QByteArray &packed, const QByteArray &base, std::size_t bytesMax)
{
    const auto packedSize = std::size_t(packed.size());
    const unsigned long long size = ZSTD_getFrameContentSize(packed.constData(), packedSize);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return damaged(u"expected one zstd frame that says its size"_s);
    if (size > bytesMax)
        return Error{
            ErrorCode::invalid,
            u"a bundle of %1 bytes when unpacked: expected at most %2"_s.arg(size).arg(bytesMax)};
    if (ZSTD_findFrameCompressedSize(packed.constData(), packedSize) != packedSize)
        return damaged(u"the zstd frame ends early, or bytes follow it"_s);
    const std::unique_ptr<ZSTD_DCtx, Freed> context(ZSTD_createDCtx());
    COFFER_CHECK(context != nullptr, "no memory to decompress");
    sized(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, windowLogMax));
    if (!base.isEmpty())
        sized(ZSTD_DCtx_refPrefix(context.get(), base.constData(), std::size_t(base.size())));
    QByteArray bytes{qsizetype(size), Qt::Uninitialized};
    const std::size_t written = ZSTD_decompressDCtx(
        context.get(), bytes.data(), std::size_t(bytes.size()), packed.constData(), packedSize);
    if (ZSTD_isError(written) != 0)
        return damaged(u"%1, or it was packed with another base"_s.arg(
            QLatin1String(ZSTD_getErrorName(written))));
    if (written != size)
        return damaged(u"it is shorter than it says"_s);
    return bytes;
}

} // namespace coffer::config
