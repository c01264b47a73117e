// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"
#include "goconf/stack.h"

#include <QCborArray>
#include <QCborMap>

#include <optional>

namespace coffer::goconf {

/// Writes one layer, or several as one, as the answer of goconf.get. Value; pure.
class LayerWriter
{
public:
    /// \a merged: what says where each item is from, of \a stack; null: nobody asks. Both outlive
    /// this.
    LayerWriter(const config::Merged *merged, const Stack &stack) : m_merged(merged), m_stack(stack)
    {}

    /// Keys behind the parameter `after` ("section/key"), at most `limit`, and at most 2 MiB of
    /// values and comments, and one more. The last one shown, if there are more, else ""; nothing
    /// if `after` is not there.
    [[nodiscard]] std::optional<QByteArray>
    writeSections(QCborMap &answer, const config::Layer &layer, const QCborMap &params) const;
    void writeFiles(QCborMap &answer, const config::Layer &layer) const;
    /// Those of \a layer; of several layers those that are the last word, and whose they are.
    void writeTombstones(QCborMap &answer, const config::Layer &layer) const;

private:
    [[nodiscard]] QString nameOf(std::size_t level) const;
    [[nodiscard]] QCborMap named(QCborMap map, const char *member,
                                 const config::Place &place) const;

    const config::Merged *m_merged;
    const Stack &m_stack;
};

} // namespace coffer::goconf
