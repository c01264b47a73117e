// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/format.h"
#include "config/hash.h"
#include "config/value.h"

#include <QByteArray>

#include <map>
#include <vector>

namespace coffer::config {

struct Key
{
    QByteArray name;
    Value value = {};
    QByteArray comment = {}; ///< Lines without a leading '#', joined by LF; "" for none.
    bool operator==(const Key &) const = default;
};

struct Section
{
    QByteArray name;
    QByteArray comment = {};
    std::vector<Key> keys = {}; ///< In their order; names differ.
    bool operator==(const Section &) const = default;
};

/// Who may do what with a file on a host. An empty owner or group: what targets.d says.
struct FileRights
{
    std::uint16_t mode = 0644; ///< Permission bits, at most 0777.
    QByteArray owner = {};
    QByteArray group = {};
    bool operator==(const FileRights &) const = default;
};

/// A whole file, kept byte for byte. Its bytes are content of their own, found by their hash.
struct File
{
    QByteArray path; ///< Below the target: "nginx.conf", "conf.d/shop.conf".
    Hash content = {};
    std::uint64_t bytes = 0;
    FileRights rights = {};
    bool operator==(const File &) const = default;
};

/// A file that is rendered from sections.
struct Output
{
    QByteArray path;
    Format format = Format::goconf;
    std::vector<QByteArray> sections = {}; ///< Which, in this order; empty: all, in their order.
    FileRights rights = {};
    bool operator==(const Output &) const = default;
};

/// One layer of a service's configuration: what is edited and versioned together. Value.
///
/// Sections and keys have an order of their own; files and outputs are ordered by path. No path is
/// both a file and an output.
struct Layer
{
    std::vector<Section> sections = {};
    std::vector<File> files = {};
    std::vector<Output> outputs = {};

    [[nodiscard]] const Section *section(QByteArrayView name) const;
    [[nodiscard]] const Key *key(QByteArrayView section, QByteArrayView name) const;
    [[nodiscard]] const File *file(QByteArrayView path) const;
    [[nodiscard]] const Output *output(QByteArrayView path) const;
    [[nodiscard]] bool isEmpty() const
    {
        return sections.empty() && files.empty() && outputs.empty();
    }
    bool operator==(const Layer &) const = default;
};

/// Bytes of files, by their hash, as far as somebody has fetched them.
using Contents = std::map<Hash, QByteArray>;

/// Which of the given layers (0 is the lowest) an item of a merged layer comes from, by
/// "section/key", or "path" of a file or output.
using Origins = std::map<QByteArray, std::size_t>;

struct Merged
{
    Layer layer;
    Origins origins;
};
/// The layers, lowest first, as one: per key, file and output the highest wins. Order: that of the
/// lowest layer that has the section or key; what only higher ones have follows.
[[nodiscard]] Merged merge(const std::vector<const Layer *> &layers);

} // namespace coffer::config
