// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"

#include "rpc/error.h"

#include <QCborMap>

#include <map>
#include <optional>
#include <vector>

namespace coffer::goconf {

/// One edit of a call. Value.
struct Edit
{
    enum class Op {
        set,
        unset,
        comment,
        file,
        removeFile,
        output,
        removeOutput,
        splice,
        tombstone,
        exact ///< "put", and what is worked out from published layers.
    };
    Op op = Op::set;
    config::Place place;
    QCborMap members = {};                  ///< As they came.
    std::optional<std::uint64_t> seen = {}; ///< The revision that the editor has seen; 0: none.
    QByteArray text = {};                   ///< splice: the new content of the file.
    config::Item item = {};                 ///< exact: what is to be at the place.

    /// INVALID_ARGUMENT that names the member: \a index is its place in the call.
    [[nodiscard]] static rpc::Answer<Edit> parse(const QCborMap &map, int index);
    /// What is to be at the place, where \a now is (pending, live, or for what sets something also
    /// inherited). NOT_FOUND if there is nothing to change.
    [[nodiscard]] rpc::Answer<config::Item> wish(const config::Item &now) const;
};

/// The places that a call edits: what is there, and what becomes of it. Value; pure.
class EditTable
{
public:
    struct Row
    {
        config::Item live = {};
        config::Item inherited = {}; ///< What lower layers have there.
        std::optional<Pending> pending = {};
        Revision revision = {}; ///< Of the file at the place, waste too; none: there is no file.
        bool isTouched = false; ///< By this call.
    };
    std::map<config::Place, Row> rows = {};
    std::uint32_t news = 0; ///< Keys that calls of apply() have made.

    /// The places that \a edit may touch: its own, and of a path also that of the other kind.
    [[nodiscard]] static std::vector<config::Place> placesOf(const Edit &edit);
    /// Carries \a edit out. CONFLICT, with both sides, if another person has changed the place in
    /// another way, unless it is \a isForced or says that it has seen that; or if what it has seen
    /// is not there any more.
    [[nodiscard]] std::optional<rpc::Failure> apply(const Edit &edit, const Trace &who,
                                                    bool isForced);
    /// What is at a place, with what is pending.
    [[nodiscard]] config::Item now(const config::Place &place) const;
    /// The same; where there is nothing, or a tombstone, what the place inherits, but that it is
    /// final: what an edit of it begins with.
    [[nodiscard]] config::Item model(const config::Place &place) const;

private:
    [[nodiscard]] config::Place settled(const Edit &edit) const;
    [[nodiscard]] std::optional<rpc::Failure> carryOut(const Edit &edit, const Trace &who,
                                                       bool isForced);
};

} // namespace coffer::goconf
