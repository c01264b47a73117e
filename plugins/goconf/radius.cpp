// SPDX-License-Identifier: Apache-2.0
#include "goconf/radius.h"

#include "goconf/record_fields.h"

#include "config/text_diff.h"

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

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

config::Merged Material::merged(const Stack &stack) const
{
    std::vector<const config::Layer *> all;
    for (const Hash &manifest : stack.layers())
        all.push_back(layerIn(layers, manifest));
    return config::merge(all);
}

config::Rendered Material::render(const Stack &stack) const
{
    return config::render(merged(stack).layer, contents);
}

std::vector<config::Fault> violationsOf(const std::vector<config::Violation> &violations,
                                        const std::vector<QByteArray> &names)
{
    std::vector<config::Fault> faults;
    for (const config::Violation &violation : violations) {
        const QString act = violation.isTombstone ? u"has a tombstone for it"_s : u"sets it too"_s;
        const QString text =
            u"it is final in %1, but %2 %3: take that away in %2, or the mark in %1"_s.arg(
                textOf(names[violation.finalIn]), textOf(names[violation.by]), act);
        faults.push_back({violation.place.shown(), text});
    }
    return faults;
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

/// The same layers are rendered once, however many classes have them.
class Renderer
{
public:
    explicit Renderer(const Material &material) : m_material(material), m_checker(material.verdicts)
    {}

    const Bundle &bundleOf(const Stack &stack) { return known(stack).rendered.bundle; }

    const std::vector<config::Fault> &faultsOf(const Stack &stack)
    {
        return known(stack).rendered.faults;
    }

    /// What may not be published, but be gone back to.
    std::vector<config::Fault> broken(const ClassChange &change)
    {
        Verdicts::Faults faults = broken(change.of.service, change.after);
        if (change.before.layers() != change.after.layers()) {
            const auto more =
                violationsOf(known(change.after).violations, change.after.layerNames());
            faults.insert(faults.end(), more.begin(), more.end());
        }
        return faults;
    }

    const QByteArray &difference(const Stack &before, const Stack &after)
    {
        const std::pair<Hash, Hash> id{before.hash(), after.hash()};
        const auto found = m_differences.find(id);
        if (found != m_differences.end())
            return found->second;
        const QByteArray text = joined(diffOf(bundleOf(before), bundleOf(after)));
        return m_differences.emplace(id, text).first->second;
    }

    /// What the schemas of \a service forbid.
    const Verdicts::Faults &broken(const QByteArray &service, const Stack &stack)
    {
        const auto key = std::pair(service, stack.hash());
        const auto found = m_broken.find(key);
        if (found != m_broken.end())
            return found->second;
        Verdicts::Faults faults;
        if (const auto of = m_material.schemas.find(service); of != m_material.schemas.end())
            faults = m_checker.check(of->second, m_material.merged(stack).layer, bundleOf(stack));
        return m_broken.emplace(key, faults).first->second;
    }
    [[nodiscard]] const SchemaChecker &checker() const { return m_checker; }

private:
    struct Known
    {
        config::Rendered rendered;
        std::vector<config::Violation> violations;
    };

    const Known &known(const Stack &stack)
    {
        const std::vector<Hash> id = stack.layers(); // violations name them by their numbers
        const auto found = m_known.find(id);
        if (found != m_known.end())
            return found->second;
        const config::Merged merged = m_material.merged(stack);
        const Known made{config::render(merged.layer, m_material.contents), merged.violations};
        return m_known.emplace(id, made).first->second;
    }

    const Material &m_material;
    std::map<std::vector<Hash>, Known> m_known;
    SchemaChecker m_checker;
    std::map<std::pair<Hash, Hash>, QByteArray> m_differences;
    std::map<std::pair<QByteArray, Hash>, Verdicts::Faults> m_broken;
};

} // namespace

/// "shop@sh001", "shop@host:web-1".
static QByteArray textOf(const HostClass &of)
{
    return of.service + '@' + (of.host.isEmpty() ? of.idc : "host:" + of.host);
}

static std::vector<QByteArray> hostsOf(const ClassChange &change,
                                       const std::map<QByteArray, HostRecord> &hosts)
{
    std::vector<QByteArray> names;
    for (const auto &[name, host] : hosts) {
        if (host.idc == change.of.idc && host.wants(change.of.service) && change.isOf(name))
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
    std::set<std::pair<HostClass, Hash>> checked; // some hosts of an IDC, then others
    std::size_t shown = 0;
    for (const ClassChange &change : changes) {
        if (checked.emplace(change.of, change.after.hash()).second) {
            for (const config::Fault &fault : renderer.faultsOf(change.after))
                radius.faults.push_back({change.of, fault});
            for (const config::Fault &fault : renderer.broken(change))
                radius.broken.push_back({change.of, fault});
        }
        if (renderer.bundleOf(change.before) == renderer.bundleOf(change.after))
            continue;
        const std::vector<QByteArray> names = hostsOf(change, hosts);
        if (names.empty() && (change.only || !change.others.empty()))
            continue; // those that are there are not meant
        const QByteArray &text = renderer.difference(change.before, change.after);
        Class one{change.of, names, text};
        radius.text += textOf(change.of) + '\n' + text;
        shown += std::size_t(text.size());
        if (shown > radiusBytesMax)
            one.diff = "(not shown: all differences together are too large)\n";
        touched.insert(one.hosts.begin(), one.hosts.end());
        radius.classes.push_back(std::move(one));
    }
    radius.hosts = touched.size();
    radius.verdicts = renderer.checker().made();
    radius.documents = renderer.checker().documents();
    return radius;
}

} // namespace coffer::goconf
