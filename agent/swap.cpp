// SPDX-License-Identifier: Apache-2.0
#include "agent/swap.h"

#include "agent/file_tree.h"

#include <algorithm>
#include <set>

namespace coffer::agent {

Swap::Swap(const Target &target, const QByteArray &state, Files &files)
    : m_target(target)
    , m_files(files)
    , m_state(files, state, target.service)
    , m_publisher(Publisher::make(target, files))
    , m_place{target.destination, target.style}
{}

Result<void> Swap::look()
{
    m_isLooking = true;
    return m_state.look();
}

Result<void> Swap::recover()
{
    Result<void> opened = m_state.open();
    if (!opened && opened.error().code != ErrorCode::corrupt)
        return opened;
    if (Result<void> undone = undo(); !undone)
        return undone;
    if (Result<void> cleared = m_publisher->clear(); !cleared)
        return cleared;
    if (isElsewhere()) {
        if (Result<void> cleared = clearElsewhere(record().place); !cleared)
            return cleared;
    }
    tidyUp();
    if (Result<void> restored = restoreMissing(); !restored)
        return restored;
    m_isRecovered = true;
    return opened;
}

Result<void> Swap::restoreMissing()
{
    if (!applied())
        return {};
    const Generation to = *applied();
    const Result<QByteArray> bytes = m_state.bundle(to.root);
    if (!bytes) {
        const bool isLost =
            bytes.error().code == ErrorCode::notFound || bytes.error().code == ErrorCode::corrupt;
        return isLost ? Result<void>() : bytes.error(); // A scrub finds it, and it is fetched.
    }
    const Result<config::Bundle> bundle = config::decodeBundle(*bytes);
    if (!bundle)
        return bundle.error();
    const Result<bool> isGone = isMissing(*bundle);
    if (!isGone)
        return isGone.error();
    if (!*isGone)
        return {};
    Result<void> done = stage(to, *bundle, *bytes);
    if (done)
        done = perform(to, *bundle);
    if (done)
        done = commit(m_target.reload.kind != Reload::Kind::none);
    if (!done)
        static_cast<void>(undo()); // It is tried again before the next switch.
    return done;
}

Result<void> Swap::stage(const Generation &to, const config::Bundle &bundle,
                         const QByteArray &bytes)
{
    if (Result<void> checked = checkDestination(); !checked)
        return checked;
    if (Result<void> kept = m_state.keepBundle(to.root, bytes); !kept)
        return kept;
    if (Result<void> cleared = m_publisher->clear(); !cleared)
        return cleared;
    return m_publisher->stage(bundle);
}

Result<void> Swap::perform(const Generation &to, const config::Bundle &bundle)
{
    // A generation is whole in its directory: there, nothing has to go that was there before.
    const bool mixes = m_target.style == Target::Style::files;
    Result<Intent> intent =
        m_publisher->prepare(to, bundle, mixes ? ours() : std::vector<QByteArray>(), record());
    if (!intent)
        return intent.error();
    intent->place = m_place;
    Record next = record();
    next.intent = *intent;
    std::erase(next.trash, intent->directory); // It may be in use again.
    if (Result<void> saved = m_state.save(next); !saved)
        return saved;
    return m_publisher->perform(*intent);
}

Result<void> Swap::commit(bool owesReload)
{
    Record next = record();
    if (!next.intent)
        return Error{ErrorCode::conflict, QStringLiteral("there is no switch to confirm")};
    const Intent intent = *std::exchange(next.intent, std::nullopt);
    next.owesReload = owesReload;
    if (isElsewhere()) {
        for (Kept &kept : next.kept)
            kept.directory.clear();
        next.directories.clear();
        next.trash.clear();
    }
    next.place = intent.place;
    forgetGone(next);
    std::set<QByteArray> unneeded(next.trash.begin(), next.trash.end());
    for (const Kept &kept : next.kept)
        unneeded.insert(kept.directory);
    std::erase_if(next.kept,
                  [&](const Kept &kept) { return kept.generation.root == intent.to.root; });
    next.kept.insert(next.kept.begin(), {intent.to, intent.directory});
    if (next.kept.size() > std::size_t(m_target.keep))
        next.kept.resize(std::size_t(m_target.keep));
    for (const Kept &kept : next.kept)
        unneeded.erase(kept.directory);
    unneeded.erase(QByteArray());
    next.trash.assign(unneeded.begin(), unneeded.end());
    for (const QByteArray &directory : intent.directories) {
        if (std::ranges::find(next.directories, directory) == next.directories.end())
            next.directories.push_back(directory);
    }
    if (Result<void> saved = m_state.save(std::move(next)); !saved)
        return saved;
    unstage();
    tidyUp();
    return {};
}

Result<void> Swap::undo()
{
    if (!record().intent)
        return {};
    // If the disk may have another record, one that calls the new version applied, a crash while
    // files go back would leave that record with the old files.
    if (!m_state.isSure()) {
        if (Result<void> saved = m_state.save(record()); !saved)
            return saved;
    }
    const Intent &intent = *record().intent;
    Result<void> undone =
        intent.place == m_place ? m_publisher->undo(intent) : undoElsewhere(intent);
    if (!undone)
        return undone;
    Record next = record();
    next.intent.reset();
    next.owesReload = m_target.reload.kind != Reload::Kind::none;
    if (Result<void> saved = m_state.save(std::move(next)); !saved)
        return saved;
    unstage();
    return {};
}

Result<void> Swap::undoElsewhere(const Intent &intent)
{
    const Result<std::optional<FileStatus>> there = m_files.status(intent.place.destination);
    if (!there)
        return there.error();
    if (!there->has_value())
        return {}; // It went away with all that was in it.
    const Target earlier = earlierTarget(intent.place);
    if (Result<void> undone = Publisher::make(earlier, m_files)->undo(intent); !undone)
        return undone;
    return clearElsewhere(intent.place); // Nobody looks there again when the intent is gone.
}

Result<void> Swap::clearElsewhere(const Place &place)
{
    const Result<std::optional<FileStatus>> there = m_files.status(place.destination);
    if (!there)
        return there.error();
    if (!there->has_value())
        return {};
    const Target earlier = earlierTarget(place);
    if (Result<void> cleared = Publisher::make(earlier, m_files)->clear(); !cleared)
        return cleared;
    return m_files.sync(place.destination);
}

Target Swap::earlierTarget(const Place &place) const
{
    Target earlier = m_target;
    earlier.destination = place.destination;
    earlier.style = place.style;
    return earlier;
}

Result<std::vector<Finding>> Swap::compare(const config::Bundle &bundle)
{
    return m_publisher->compare(bundle, ours(), record());
}

Result<config::Bundle> Swap::bundleOf(const config::Hash &root)
{
    const Result<QByteArray> bytes = m_state.bundle(root);
    if (!bytes)
        return bytes.error();
    return config::decodeBundle(*bytes);
}

std::optional<Generation> Swap::applied() const
{
    if (record().kept.empty())
        return std::nullopt;
    return record().kept.front().generation;
}

std::vector<QByteArray> Swap::ours()
{
    std::vector<QByteArray> paths;
    if (!applied() || isElsewhere())
        return paths;
    const Result<config::Bundle> bundle = bundleOf(applied()->root);
    if (!bundle)
        return paths;
    for (const config::BundleFile &file : bundle->files)
        paths.push_back(file.path);
    return paths;
}

void Swap::forgetGone(Record &record)
{
    const auto isGone = [this](const QByteArray &path) {
        const auto status = m_files.status(m_target.destination + '/' + path);
        return status && !status->has_value();
    };
    std::erase_if(record.trash, isGone);
    std::erase_if(record.directories, isGone);
}

/// What is removed is durable before forgetGone() lets go of it: generations with perform(), which
/// syncs what they lie in, other directories here.
void Swap::tidyUp()
{
    if (!isElsewhere()) {
        for (const QByteArray &directory : record().trash)
            static_cast<void>(m_publisher->removeGeneration(directory));
        for (auto path = record().directories.rbegin(); path != record().directories.rend();
             ++path) {
            const QByteArray whole = m_target.destination + '/' + *path;
            if (m_files.removeDirectory(whole))
                static_cast<void>(m_files.sync(parentOf(whole)));
        }
    }
    static_cast<void>(m_state.sweepBundles());
}

} // namespace coffer::agent
