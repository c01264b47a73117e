// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

namespace coffer::config {

/// A finished file, as it is to lie on a host.
struct BundleFile
{
    QByteArray path;
    FileRights rights = {};
    QByteArray bytes;
    bool operator==(const BundleFile &) const = default;
};

/// All files of one service on one host: what is applied as a whole, or not at all. Value.
/// Its root is the hash of encode(): who has the bytes can prove that they are complete.
struct Bundle
{
    std::vector<BundleFile> files = {}; ///< By path.
    bool operator==(const Bundle &) const = default;
};

/// Deterministic CBOR (docs/formats/goconf.md).
[[nodiscard]] QByteArray encode(const Bundle &bundle);
/// `invalid` if it is not exactly the encoding of a bundle within the limits, with paths that
/// isFilePath() and in their order.
[[nodiscard]] Result<Bundle> decodeBundle(const QByteArray &bytes);
[[nodiscard]] inline Hash rootOf(const QByteArray &encodedBundle)
{
    return Hash::of(encodedBundle);
}

/// Compresses (zstd); with \a base, bytes that the receiver has, only what differs costs.
[[nodiscard]] QByteArray pack(const QByteArray &bytes, const QByteArray &base = {});
/// The way back. `invalid` if the bytes are damaged, the base is another one, or the result would
/// be larger than \a bytesMax.
[[nodiscard]] Result<QByteArray> unpack(const QByteArray &packed, const QByteArray &base,
                                        std::size_t bytesMax);

} // namespace coffer::config
