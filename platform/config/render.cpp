// SPDX-License-Identifier: Apache-2.0
#include "config/render.h"

#include "config/change.h"
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"

#include <algorithm>
#include <map>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

/// Renders one layer and gathers what is wrong with it.
class LayerRenderer
{
public:
    LayerRenderer(const Layer &layer, const Contents &contents)
        : m_layer(layer), m_contents(contents)
    {}

    Rendered run()
    {
        for (const Section &section : m_layer.sections)
            check(section);
        checkCounts();
        checkPaths();
        for (const File &file : m_layer.files)
            add(file);
        for (const Output &output : m_layer.outputs)
            add(output);
        auto &files = m_rendered.bundle.files;
        std::sort(files.begin(), files.end(),
                  [](const auto &a, const auto &b) { return a.path < b.path; });
        if (m_bytes > limits::serviceBytesMax) {
            fault({}, u"values and files have %1 bytes: expected at most %2"_s.arg(m_bytes).arg(
                          limits::serviceBytesMax));
        }
        return std::move(m_rendered);
    }

private:
    void fault(const QByteArray &place, const QString &message)
    {
        m_rendered.faults.push_back({place, message});
    }

    void check(const Section &section)
    {
        check({Place::Kind::section, section.name, {}}, SectionHead{section.comment});
        if (!m_sections.emplace(section.name, &section).second)
            fault(section.name, u"the section is there twice"_s);
        std::set<QByteArrayView> names;
        for (const Key &key : section.keys) {
            const QByteArray place = section.name + '/' + key.name;
            if (!names.insert(key.name).second)
                fault(place, u"the key is there twice"_s);
            check({Place::Kind::key, section.name, key.name}, key);
            m_bytes += std::size_t(key.value.text.size());
        }
        m_keys += section.keys.size();
    }

    void check(const Place &place, const Item &item)
    {
        const auto checked = config::check(place, item);
        if (checked)
            return;
        const QString prefix = QString::fromUtf8(place.shown()) + u": "_s;
        const QString message = checked.error().message;
        fault(place.shown(), message.startsWith(prefix) ? message.sliced(prefix.size()) : message);
    }

    void checkCounts()
    {
        if (m_keys > limits::keysMax)
            fault({}, u"%1 keys: expected at most %2"_s.arg(m_keys).arg(limits::keysMax));
        const std::size_t files = m_layer.files.size() + m_layer.outputs.size();
        if (files > limits::filesMax) {
            fault({},
                  u"%1 files and outputs: expected at most %2"_s.arg(files).arg(limits::filesMax));
        }
    }

    /// Each path once, and none a folder of another.
    void checkPaths()
    {
        std::set<QByteArray> paths;
        const auto add = [this, &paths](const QByteArray &path) {
            if (!paths.insert(path).second)
                fault(path, u"two files or outputs have this path"_s);
        };
        for (const File &file : m_layer.files) {
            check({Place::Kind::file, {}, file.path}, file);
            add(file.path);
        }
        for (const Output &output : m_layer.outputs) {
            check({Place::Kind::output, {}, output.path}, output);
            add(output.path);
        }
        for (const QByteArray &path : paths) {
            for (qsizetype at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
                if (paths.contains(path.first(at)))
                    fault(path, u"'%1' is a file, not a folder"_s.arg(shown(path.first(at))));
            }
        }
    }

    void add(const File &file)
    {
        const auto found = m_contents.find(file.content);
        if (found == m_contents.end())
            return fault(file.path, u"its content is missing"_s);
        const QByteArray &bytes = found->second;
        if (std::uint64_t(bytes.size()) != file.bytes || Hash::of(bytes) != file.content)
            return fault(file.path, u"its content is not what its hash and size say"_s);
        const Result<void> checked = checkPromise(file.path, bytes);
        if (!checked)
            return fault(file.path, checked.error().message);
        m_bytes += file.bytes;
        m_rendered.bundle.files.push_back({file.path, file.rights, bytes});
    }

    /// What its ending promises.
    static Result<void> checkPromise(const QByteArray &path, const QByteArray &bytes)
    {
        const auto format = formatOfPath(path);
        const auto faultIn = [](const auto &read) {
            return read ? Result<void>() : Result<void>(read.error());
        };
        if (format == Format::yaml)
            return checkYaml(bytes);
        if (format == Format::json)
            return faultIn(readJson(bytes));
        if (format == Format::toml)
            return faultIn(readToml(bytes));
        if (format == Format::properties)
            return faultIn(scanProperties(bytes));
        return {};
    }

    void add(const Output &output)
    {
        const auto promised = formatOfPath(output.path);
        if (promised && *promised != output.format) {
            fault(output.path, u"its ending promises %1, but its format is %2"_s.arg(
                                   QString::fromLatin1(nameOf(*promised)),
                                   QString::fromLatin1(nameOf(output.format))));
        }
        const auto sections = sectionsOf(output);
        if (!sections)
            return;
        const auto faults = faultsOf(output.format, *sections);
        for (const Fault &wrong : faults)
            fault(wrong.place, u"%1 (output %2)"_s.arg(wrong.message, shown(output.path)));
        if (!faults.empty())
            return;
        auto text = renderSections(output.format, *sections);
        if (!text)
            return fault(output.path, text.error().message);
        m_bytes += std::size_t(text->size());
        m_rendered.bundle.files.push_back({output.path, output.rights, *std::move(text)});
    }

    std::optional<Sections> sectionsOf(const Output &output)
    {
        if (output.sections.empty())
            return m_layer.sections;
        Sections sections;
        std::set<QByteArray> names;
        for (const QByteArray &name : output.sections) {
            if (!names.insert(name).second)
                continue; // That is a fault of the output, and told.
            const auto found = m_sections.find(name);
            if (found == m_sections.end())
                fault(output.path, u"there is no section '%1'"_s.arg(shown(name)));
            else
                sections.push_back(*found->second);
        }
        const bool isWhole = sections.size() == output.sections.size();
        return isWhole ? std::optional(std::move(sections)) : std::nullopt;
    }

    const Layer &m_layer;
    const Contents &m_contents;
    Rendered m_rendered;
    std::map<QByteArray, const Section *> m_sections;
    std::size_t m_keys = 0;
    std::size_t m_bytes = 0;
};

} // namespace

Rendered render(const Layer &effective, const Contents &contents)
{
    return LayerRenderer(effective, contents).run();
}

} // namespace coffer::config
