// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <functional>

namespace coffer::config {

/// Bytes under their hash, as they are stored.
struct Object
{
    Hash hash;
    QByteArray bytes;
};

/// A layer as content: a manifest that names parts, each at most limits::chunkBytesMax. Parts hold
/// sections by key range; where one ends depends only on what is around, so that a changed key
/// changes one part or two. Equal layers give equal bytes. Bytes of files are not in it.
struct EncodedLayer
{
    Object manifest; ///< The hash of the layer. At most limits::chunkBytesMax too.
    std::vector<Object> parts;
};
[[nodiscard]] Result<EncodedLayer> encode(const Layer &layer);

/// The parts that a manifest names. `invalid` if it is none.
[[nodiscard]] Result<std::vector<Hash>> partsOf(const QByteArray &manifest);
/// The layer; \a part gives the bytes of a part, whose hash is checked.
[[nodiscard]] Result<Layer>
decodeLayer(const QByteArray &manifest,
            const std::function<Result<QByteArray>(const Hash &)> &part);

/// Content of files in pieces of limits::chunkBytesMax, at least one.
[[nodiscard]] std::vector<QByteArray> piecesOf(const QByteArray &bytes);

} // namespace coffer::config
