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
{}

Result<void> Swap::recover()
{
    Result<void> opened = m_state.open();
    if (!opened && opened.error().code != ErrorCode::corrupt)
        return opened;
    if (Result<void> undone = undo(); !undone)
        return undone;
    if (Result<void> cleared = m_publisher->clear(); !cleared)
        return cleared;
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
    if (!bytes)
        return bytes.error();
    const Result<config::Bundle> bundle = config::decodeBundle(*bytes);
    if (!bundle)
        return bundle.error();
    const Result<bool> isMissing = m_publisher->isMissing(*bundle, record());
    if (!isMissing)
        return isMissing.error();
    if (!*isMissing)
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
    const Result<Intent> intent = m_publisher->prepare(to, bundle, ours(), record());
    if (!intent)
        return intent.error();
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
    next.directories.insert(next.directories.end(), intent.directories.begin(),
                            intent.directories.end());
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
    if (Result<void> undone = m_publisher->undo(*record().intent); !undone)
        return undone;
    Record next = record();
    next.intent.reset();
    next.owesReload = m_target.reload.kind != Reload::Kind::none;
    if (Result<void> saved = m_state.save(std::move(next)); !saved)
        return saved;
    unstage();
    return {};
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
    if (!applied())
        return paths;
    const Result<config::Bundle> bundle = bundleOf(applied()->root);
    if (!bundle)
        return paths;
    for (const config::BundleFile &file : bundle->files)
        paths.push_back(file.path);
    return paths;
}

void Swap::tidyUp()
{
    for (const QByteArray &directory : record().trash)
        static_cast<void>(m_publisher->removeGeneration(directory));
    for (auto path = record().directories.rbegin(); path != record().directories.rend(); ++path)
        static_cast<void>(m_files.removeDirectory(m_target.destination + '/' + *path));
    static_cast<void>(m_state.sweepBundles());
}

} // namespace coffer::agent
