// SPDX-License-Identifier: Apache-2.0
#include "node/store_touches.h"

#include "pluginapi/store_cbor.h"

#include <algorithm>

namespace coffer::node {

using namespace pluginapi;
using Kind = rpc::Access::Kind;

namespace {

void addTouches(const std::vector<store::Guard> &guards, std::vector<rpc::Touch> &touches)
{
    for (const store::Guard &guard : guards) {
        std::visit(
            [&touches](const auto &one) {
                if constexpr (requires { one.path; })
                    touches.push_back({Kind::read, one.path, false});
            },
            guard);
    }
}

void addTouches(const std::vector<store::Operation> &operations, std::vector<rpc::Touch> &touches)
{
    for (const store::Operation &operation : operations) {
        std::visit(
            [&](const auto &one) {
                const bool isTree = std::holds_alternative<store::DeleteTree>(operation);
                touches.push_back({Kind::write, one.path, isTree});
            },
            operation);
    }
}

/// The deepest tree that has both in it.
QByteArray commonTree(const QByteArray &from, const QByteArray &to)
{
    qsizetype slash = 0;
    for (qsizetype at = 0; at < std::min(from.size(), to.size()) && from[at] == to[at]; ++at)
        slash = from[at] == '/' ? at : slash;
    return slash == 0 ? QByteArray("/") : from.left(slash);
}

} // namespace

std::vector<rpc::Touch> touchesOfCommit(const rpc::Call &call)
{
    const store::Transaction &transaction = call.as<CommitCall>().transaction;
    std::vector<rpc::Touch> touches;
    addTouches(transaction.guards, touches);
    addTouches(transaction.operations, touches);
    addTouches(transaction.otherwise, touches);
    if (touches.empty()) // It tells whether a session is open, or the time.
        touches.push_back({Kind::write, "/", false});
    return touches;
}

std::vector<rpc::Touch> touchesOfQuestion(const rpc::Call &call)
{
    const store::Question &question = call.as<ReadCall>().question;
    const auto entriesOf = [](const QByteArray &path) {
        return rpc::Touch{Kind::read, path == "/" ? QByteArray("/*") : path + "/*", false};
    };
    if (const auto *get = std::get_if<store::Get>(&question))
        return {{Kind::read, get->path, false}};
    if (const auto *list = std::get_if<store::List>(&question))
        return {{Kind::read, list->path, true}};
    if (const auto *range = std::get_if<store::Range>(&question))
        return {{Kind::read, commonTree(range->from, range->to), true}};
    if (const auto *match = std::get_if<store::Match>(&question))
        return {{Kind::read, match->pattern, false}};
    if (const auto *entries = std::get_if<store::Entries>(&question))
        return {entriesOf(entries->path)};
    if (const auto *stat = std::get_if<store::Stat>(&question))
        return {{Kind::read, stat->path, false}, entriesOf(stat->path)};
    return {};
}

} // namespace coffer::node
