// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/query.h"
#include "store/sessions.h"
#include "store/tree.h"

#include <functional>

namespace coffer::store {

/// Answers one question from tree and sessions, which have to outlive it.
///
/// What it does is bounded, whatever is asked: limits::scanNodesMax paths looked at,
/// limits::listFilesMax files, limits::listBytesMax bytes and one file more.
class Reader
{
public:
    /// \a reply has the figures of the store, and gets everything else.
    Reader(const Tree &tree, const Sessions &sessions, Reply &reply)
        : m_tree(tree), m_sessions(sessions), m_reply(reply)
    {}

    void answer(const Question &question);

private:
    using Ordered = Index::Ordered;
    using Wanted = std::function<bool(QByteArrayView path)>;
    /// Places, as in path.h; empty for no bound.
    struct Bounds
    {
        QByteArray from;
        QByteArray to;
    };

    [[nodiscard]] bool setRevision(Revision at);
    void get(const Get &get);
    void stat(const Stat &stat);
    void scan(const Bounds &bounds, const Page &page, const Wanted &isWanted);
    void match(const Match &match);
    void entries(const Entries &entries);
    void listSessions(const SessionList &list);
    [[nodiscard]] Ordered::const_iterator begin(const QByteArray &from,
                                                const QByteArray &after) const;
    [[nodiscard]] const Version *fileOf(const Node &node);
    [[nodiscard]] bool isFull(std::size_t found, const Page &page) const;
    void stopAfter(const QByteArray &place);
    void add(const Node &node, const Version &file, Detail detail);

    const Tree &m_tree;
    const Sessions &m_sessions;
    Reply &m_reply;
    std::size_t m_bytes = 0;
    std::size_t m_scanned = 0;
};

} // namespace coffer::store
