// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/format.h"
#include "config/hash.h"
#include "config/place.h"
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
    bool isFinal = false;    ///< No higher layer has a say in it; of files and outputs too.
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
    bool isFinal = false;
    bool operator==(const File &) const = default;
};

/// A file that is rendered from sections.
struct Output
{
    QByteArray path;
    Format format = Format::goconf;
    std::vector<QByteArray> sections = {}; ///< Which, in this order; empty: all, in their order.
    FileRights rights = {};
    bool isFinal = false;
    bool operator==(const Output &) const = default;
};

/// What lower layers have at a place is not there. Of a section: none of their keys, whenever they
/// come; the layer that says so may have keys of its own there. Of a file or an output: whichever
/// of the two has the path.
struct Tombstone
{
    QByteArray comment = {}; ///< Why.
    bool operator==(const Tombstone &) const = default;
};

/// One layer of a service's configuration: what is edited and versioned together. Value.
///
/// Sections and keys have an order of their own; files and outputs are ordered by path. No path is
/// both a file and an output. Where a tombstone is, the layer has nothing; a section that is one
/// has no comment.
struct Layer
{
    std::vector<Section> sections = {};
    std::vector<File> files = {};
    std::vector<Output> outputs = {};
    std::map<Place, Tombstone> tombstones = {};

    [[nodiscard]] const Section *section(QByteArrayView name) const;
    [[nodiscard]] const Key *key(QByteArrayView section, QByteArrayView name) const;
    [[nodiscard]] const File *file(QByteArrayView path) const;
    [[nodiscard]] const Output *output(QByteArrayView path) const;
    [[nodiscard]] const Tombstone *tombstone(const Place &place) const;
    [[nodiscard]] bool isEmpty() const
    {
        return sections.empty() && files.empty() && outputs.empty() && tombstones.empty();
    }
    bool operator==(const Layer &) const = default;
};

/// Bytes of files, by their hash, as far as somebody has fetched them.
using Contents = std::map<Hash, QByteArray>;

/// Which of the given layers (0 is the lowest) an item of a merged layer comes from. Keys, files
/// and outputs alone.
using Origins = std::map<Place, std::size_t>;

/// A layer that has a say in what a lower one has made final. It does not count.
struct Violation
{
    Place place; ///< Of what is final.
    std::size_t finalIn = 0;
    std::size_t by = 0;
    bool isTombstone = false; ///< Of the place, or of its section.
    bool operator==(const Violation &) const = default;
};

struct Merged
{
    Layer layer; ///< Without tombstones: what they say is done.
    Origins origins;
    /// Which layer's tombstones are the last word, by their places.
    std::map<Place, std::size_t> tombstones = {};
    std::vector<Violation> violations = {}; ///< From the lowest layer to the highest.
};
/// The layers, lowest first, as one: per key, file and output the highest wins, above what its own
/// tombstones take away; only what is final stays, whatever higher ones say. Order: that of the
/// lowest layer that has the section or key; what only higher ones have follows, and so does a key
/// that was taken away and set again.
[[nodiscard]] Merged merge(const std::vector<const Layer *> &layers);

} // namespace coffer::config
