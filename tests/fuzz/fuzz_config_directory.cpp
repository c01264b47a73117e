// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "config/directory.h"

using namespace coffer;
using namespace coffer::config;

/// The head, the index of a layer, its section "core" and the path of a file, divided by zeros.
/// What is read without a fault has one text, which leads back to it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const QList<QByteArray> parts = input.split('\0');
    const Result<QByteArray> service = serviceIn(parts.value(0));
    COFFER_CHECK(!service || serviceIn(headOf(*service)), "a head does not come back");
    LayerTexts texts;
    texts.index = parts.value(1);
    texts.sections["core"] = parts.value(2);
    std::vector<File> files;
    if (const QByteArray path = parts.value(3); !path.isEmpty())
        files.push_back({.path = path, .content = Hash::of(path), .bytes = 1});
    const ReadTexts read = layerOf(texts, files);
    COFFER_CHECK(read.faults.size() <= textFaultsMax, "too many faults");
    if (!read.faults.empty())
        return 0;
    const LayerTexts written = textsOf(read.layer);
    const ReadTexts again = layerOf(written, files);
    COFFER_CHECK(again.faults.empty() && again.layer == read.layer, "a layer does not come back");
    COFFER_CHECK(textsOf(again.layer) == written, "two texts of one layer");
    return 0;
}
