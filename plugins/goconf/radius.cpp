// SPDX-License-Identifier: Apache-2.0
#include "goconf/radius.h"

#include "config/text_diff.h"

#include <algorithm>
#include <set>

namespace coffer::goconf {

using config::Bundle;
using config::BundleFile;
using config::Hash;

// ---- rendering

static const config::Layer *layerIn(const std::map<Hash, LayerPointer> &layers, const Hash &hash)
{
    static const config::Layer empty;
    const auto found = layers.find(hash);
    return found == layers.end() ? &empty : found->second.get();
}

config::Merged Material::merged(const Snapshot &snapshot) const
{
    return config::merge({layerIn(layers, snapshot.base), layerIn(layers, snapshot.own)});
}

config::Rendered Material::render(const Snapshot &snapshot) const
{
    return config::render(merged(snapshot).layer, contents);
}

// ---- differences

static QByteArray rightsOf(const BundleFile *file)
{
    if (file == nullptr)
        return "none";
    QByteArray text = '0' + QByteArray::number(file->rights.mode, 8);
    if (!file->rights.owner.isEmpty() || !file->rights.group.isEmpty())
        text += ' ' + file->rights.owner + ':' + file->rights.group;
    return text;
}

/// One of them may be null.
static QByteArray textOfDiff(const QByteArray &path, const BundleFile *before,
                             const BundleFile *after)
{
    QByteArray text;
    if (before != nullptr && after != nullptr && before->rights != after->rights)
        text = "rights of " + path + ": " + rightsOf(before) + " -> " + rightsOf(after) + '\n';
    text += config::unifiedDiff(before == nullptr ? QByteArray("/dev/null") : "a/" + path,
                                after == nullptr ? QByteArray("/dev/null") : "b/" + path,
                                before == nullptr ? QByteArray() : before->bytes,
                                after == nullptr ? QByteArray() : after->bytes);
    if (text.isEmpty() && (before == nullptr || after == nullptr))
        text = (before == nullptr ? "new empty file " : "removed empty file ") + path + '\n';
    if (std::size_t(text.size()) > diffBytesMax) {
        text.truncate(qsizetype(diffBytesMax));
        text += "\n... (cut: the difference is larger)\n";
    }
    return text;
}

static std::map<QByteArray, const BundleFile *> filesOf(const Bundle &bundle)
{
    std::map<QByteArray, const BundleFile *> files;
    for (const BundleFile &file : bundle.files)
        files.emplace(file.path, &file);
    return files;
}

std::vector<FileDiff> diffOf(const Bundle &before, const Bundle &after)
{
    const std::map<QByteArray, const BundleFile *> old = filesOf(before);
    const std::map<QByteArray, const BundleFile *> now = filesOf(after);
    std::set<QByteArray> paths;
    for (const auto &[path, file] : old)
        paths.insert(path);
    for (const auto &[path, file] : now)
        paths.insert(path);
    std::vector<FileDiff> diffs;
    for (const QByteArray &path : paths) {
        const auto a = old.find(path);
        const auto b = now.find(path);
        const BundleFile *was = a == old.end() ? nullptr : a->second;
        const BundleFile *is = b == now.end() ? nullptr : b->second;
        if (was != nullptr && is != nullptr && *was == *is)
            continue;
        diffs.push_back({path, textOfDiff(path, was, is)});
    }
    return diffs;
}

QByteArray joined(const std::vector<FileDiff> &diffs)
{
    QByteArray text;
    for (const FileDiff &diff : diffs)
        text += diff.text;
    return text;
}

// ---- the radius

namespace {

/// Each pair of layers is rendered once, however many IDCs have it.
class Renderer
{
public:
    explicit Renderer(const Material &material) : m_material(material) {}

    const config::Rendered &of(const Snapshot &snapshot)
    {
        const std::pair<Hash, Hash> id{snapshot.base, snapshot.own};
        const auto found = m_known.find(id);
        if (found != m_known.end())
            return found->second;
        return m_known.emplace(id, m_material.render(snapshot)).first->second;
    }

    const QByteArray &difference(const Snapshot &before, const Snapshot &after)
    {
        const std::pair<Hash, Hash> id{before.hash, after.hash};
        const auto found = m_differences.find(id);
        if (found != m_differences.end())
            return found->second;
        const QByteArray text = joined(diffOf(of(before).bundle, of(after).bundle));
        return m_differences.emplace(id, text).first->second;
    }

private:
    const Material &m_material;
    std::map<std::pair<Hash, Hash>, config::Rendered> m_known;
    std::map<std::pair<Hash, Hash>, QByteArray> m_differences;
};

} // namespace

static std::vector<QByteArray> hostsOf(const ClassChange &change,
                                       const std::map<QByteArray, HostRecord> &hosts)
{
    std::vector<QByteArray> names;
    for (const auto &[name, host] : hosts) {
        if (host.idc == change.idc && host.wants(change.service))
            names.push_back(name);
    }
    return names;
}

Radius Radius::of(const std::vector<ClassChange> &changes, const Material &material,
                  const std::map<QByteArray, HostRecord> &hosts)
{
    Radius radius;
    Renderer renderer(material);
    std::set<QByteArray> touched;
    std::size_t shown = 0;
    for (const ClassChange &change : changes) {
        for (const config::Fault &fault : renderer.of(change.after).faults)
            radius.faults.push_back({change.service, change.idc, fault});
        const Bundle &before = renderer.of(change.before).bundle;
        if (before == renderer.of(change.after).bundle)
            continue;
        const QByteArray &text = renderer.difference(change.before, change.after);
        Class one{change.service, change.idc, hostsOf(change, hosts), text};
        radius.text += change.service + '@' + change.idc + '\n' + text;
        shown += std::size_t(text.size());
        if (shown > radiusBytesMax)
            one.diff = "(not shown: all differences together are too large)\n";
        touched.insert(one.hosts.begin(), one.hosts.end());
        radius.classes.push_back(std::move(one));
    }
    radius.hosts = touched.size();
    return radius;
}

} // namespace coffer::goconf
