// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/path.h"
#include "store/version.h"

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

#include <vector>

namespace coffer::store {

/// Orders nodes by their paths.
struct NodeLess
{
    using is_transparent = void;
    static QByteArrayView pathOf(const Node *node) { return node->path(); }
    static QByteArrayView pathOf(QByteArrayView path) { return path; }
    template<class Left, class Right>
    bool operator()(const Left &left, const Right &right) const
    {
        return comparePaths(pathOf(left), pathOf(right)) < 0;
    }
};

/// For lookups by path. The hash differs from run to run, so that nothing may iterate over it.
struct PathHash
{
    using is_transparent = void;
    std::size_t operator()(QByteArrayView path) const
    {
        return absl::Hash<absl::string_view>()({path.data(), std::size_t(path.size())});
    }
    std::size_t operator()(const std::unique_ptr<Node> &node) const
    {
        return (*this)(node->path());
    }
};
struct PathEqual
{
    using is_transparent = void;
    static QByteArrayView pathOf(const std::unique_ptr<Node> &node) { return node->path(); }
    static QByteArrayView pathOf(QByteArrayView path) { return path; }
    template<class Left, class Right>
    bool operator()(const Left &left, const Right &right) const
    {
        return pathOf(left) == pathOf(right);
    }
};

/// The nodes: found by path in a few steps, and ordered.
class Index
{
public:
    using Ordered = absl::btree_set<Node *, NodeLess>;

    [[nodiscard]] Node *find(QByteArrayView path) const
    {
        const auto at = m_byPath.find(path);
        return at == m_byPath.end() ? nullptr : at->get();
    }
    /// The node of \a path, which is made if it is not there.
    Node &findOrAdd(QByteArrayView path)
    {
        if (Node *node = find(path))
            return *node;
        Node *node = m_byPath.insert(std::make_unique<Node>(path.toByteArray())).first->get();
        m_ordered.insert(node);
        return *node;
    }
    /// Adds \a nodes, which are in the order of NodeLess, to an empty index: quicker than one by
    /// one.
    void fill(std::vector<std::unique_ptr<Node>> nodes)
    {
        m_byPath.reserve(nodes.size());
        for (std::unique_ptr<Node> &node : nodes) {
            m_ordered.insert(m_ordered.end(), node.get());
            m_byPath.insert(std::move(node));
        }
    }
    void erase(Node &node)
    {
        m_ordered.erase(&node);
        m_byPath.erase(m_byPath.find(QByteArrayView(node.path())));
    }
    [[nodiscard]] const Ordered &ordered() const { return m_ordered; }
    /// The nodes that have a file now. Those of deleted files can be far more than these.
    [[nodiscard]] const Ordered &files() const { return m_files; }
    void addFile(Node &node) { m_files.insert(&node); }
    void removeFile(Node &node) { m_files.erase(&node); }

private:
    absl::flat_hash_set<std::unique_ptr<Node>, PathHash, PathEqual> m_byPath;
    Ordered m_ordered;
    Ordered m_files;
};

/// The directories that the files of now make, and how many entries each has.
class Directories
{
public:
    void add(QByteArrayView file);
    void remove(QByteArrayView file);
    /// 0 if there is no such directory.
    [[nodiscard]] std::uint64_t entryCount(QByteArrayView path) const
    {
        const auto at = m_entries.find(path);
        return at == m_entries.end() ? 0 : at->second;
    }

private:
    absl::flat_hash_map<QByteArray, std::uint64_t, PathHash, std::equal_to<>> m_entries;
};

} // namespace coffer::store
