// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/answer.h"
#include "store/change.h"
#include "store/command.h"
#include "store/query.h"

#include <map>
#include <string>

namespace coffer::test {

/// The store once more, as naively as possible: the whole tree of every revision, full scans, no
/// hashes, no rows.
class StoreModel
{
public:
    struct File
    {
        QByteArray value; ///< Its own bytes, shared by the revisions.
        std::uint64_t revision = 0;
        std::uint64_t created = 0;
        std::uint64_t owner = 0;
        std::int64_t timeMs = 0;
        std::int64_t lingerMs = 0;
        std::int64_t heldUntilMs = -1; ///< Not held.
        bool operator==(const File &) const = default;
    };
    /// Keys are paths whose slashes are replaced by \1, so that they are in the order of a walk.
    using Files = std::map<std::string, File>;
    struct Session
    {
        std::uint64_t nonce = 0;
        std::int64_t timeToLiveMs = 0;
        std::uint64_t opened = 0;
        std::uint64_t acknowledged = 0;
        std::map<std::uint64_t, store::Answer> outcomes = {};
    };
    /// One change of a revision, in the order of execution.
    struct Change
    {
        std::uint64_t revision = 0;
        std::string path;
        bool operator==(const Change &) const = default;
    };

    /// Moves the applied time and does what is due because of it.
    void beginSlot(std::int64_t stampMs);
    store::Answer apply(const store::Command &command);
    [[nodiscard]] store::Answer answer(store::Status status, std::uint64_t found = 0) const;
    /// Including revision 0.
    [[nodiscard]] const Files &filesAt(std::uint64_t at) const { return states.at(at); }
    [[nodiscard]] std::uint64_t liveBytes() const { return bytesOf(files); }

    [[nodiscard]] static std::string keyOf(const QByteArray &path);
    [[nodiscard]] static QByteArray pathOf(const std::string &key);
    [[nodiscard]] static store::FileView viewOf(const std::string &key, const File &file,
                                                bool hasValue);

    /// Whether the history below the floor stays, for those that lag behind.
    bool keepsAll = false;
    Files files;
    std::map<std::uint64_t, Files> states{{0, {}}};
    std::vector<Change> changes;
    std::map<std::uint64_t, Session> sessions;
    std::uint64_t revision = 0;
    std::uint64_t floor = 0;
    std::uint64_t tenure = 0;
    std::uint64_t newestSession = 0;
    std::uint64_t bytesMax = 0;
    std::uint32_t applyVersion = 1;
    std::uint32_t applyVersionMax = 1;
    std::int64_t timeMs = 0;

private:
    [[nodiscard]] static std::uint64_t bytesOf(const Files &files);
    store::Answer execute(const store::Command &command);
    store::Answer run(const store::Transaction &transaction, std::uint64_t session);
    store::Answer open(const store::OpenSession &open);
    store::Answer end(std::uint64_t session, bool isExpired);
    store::Answer compact(std::uint64_t to);
    [[nodiscard]] bool holds(const store::Guard &guard) const;
    [[nodiscard]] std::uint64_t found(const store::Guard &guard) const;
    [[nodiscard]] const File *fileAt(const QByteArray &path) const;
    [[nodiscard]] bool isReleased(const File &file) const;
    /// What refuses the put, and how many bytes of its path name it.
    [[nodiscard]] std::optional<store::Answer> refusal(const store::Put &put) const;
    void change(const store::Operation &operation, std::uint64_t session);
    void touch(const std::string &key);
    void remove(const std::string &key);
    bool commit(const Files &before);

    std::vector<std::string> m_touched;
};

} // namespace coffer::test
