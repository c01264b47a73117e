// SPDX-License-Identifier: Apache-2.0
#include "sim/figures.h"

#include <QHashFunctions>

namespace coffer::sim {

static std::uint64_t hashOf(const store::Store &store)
{
    std::size_t hash = 0;
    for (const auto &[id, session] : store.sessions().all()) {
        hash = qHashMulti(hash, id.value(), session.nonce, session.timeToLive.count(),
                          session.opened.value(), session.acknowledged.value(),
                          session.outcomes.size(), store.tree().ownedCount(id));
        for (const store::Session::Kept &kept : session.outcomes)
            hash = qHashMulti(hash, kept.sequence.value(), int(kept.answer.status),
                              kept.answer.revision.value());
    }
    return hash;
}

Figures figuresOf(const store::Store &store)
{
    Figures figures;
    figures.files = store.tree().size();
    figures.liveBytes = store.tree().liveBytes();
    const store::History &history = store.tree().history();
    const store::History::Step &atFloor = history.upTo(store.floor());
    figures.changes = history.end().changesEnd - atFloor.changesEnd;
    figures.changeBytes = history.end().bytes - atFloor.bytes;
    figures.sessions = store.sessions().all().size();
    figures.sessionsHash = hashOf(store);
    figures.revision = store.revision();
    figures.floor = store.floor();
    figures.time = store.appliedTime();
    figures.applyVersion = store.applyVersion();
    return figures;
}

QString differenceOf(const Figures &found, const Figures &expected)
{
    QString text;
    const auto compare = [&text](const char *what, auto value, auto wanted) {
        if (value != wanted)
            text += QStringLiteral(" %1 %2 instead of %3")
                        .arg(QLatin1String(what))
                        .arg(value)
                        .arg(wanted);
    };
    compare("files", found.files, expected.files);
    compare("live bytes", found.liveBytes, expected.liveBytes);
    compare("changes", found.changes, expected.changes);
    compare("bytes of changes", found.changeBytes, expected.changeBytes);
    compare("sessions", found.sessions, expected.sessions);
    compare("hash of sessions", found.sessionsHash, expected.sessionsHash);
    compare("revision", found.revision.value(), expected.revision.value());
    compare("floor", found.floor.value(), expected.floor.value());
    compare("time", qint64(found.time.count()), qint64(expected.time.count()));
    compare("apply version", found.applyVersion, expected.applyVersion);
    return text.trimmed();
}

} // namespace coffer::sim
