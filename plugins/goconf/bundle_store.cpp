// SPDX-License-Identifier: Apache-2.0
#include "goconf/bundle_store.h"

#include "goconf/record_fields.h"

#include "config/render.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

BundleStore::BundleStore(pluginapi::PluginContext &context, Library &library)
    : m_context(context)
    , m_library(library)
    , m_rendered(context.metrics().counter("rendered_bundles_total",
                                           "Bundles that this node has rendered."))
    , m_bundles(bundleBytesMax)
    , m_packed(packedBytesMax)
{}

/// Whose hosts get it: what lies lowest may be of _global.
static QByteArray serviceOf(const Editions &editions)
{
    return editions.empty() ? QByteArray() : editions.back().service;
}

/// Answers all that wait for \a name. They may ask for more meanwhile.
template<class Waiting, class Name>
static void answer(Waiting &waiting, const Name &name, const Result<QByteArray> &result)
{
    const auto found = waiting.find(name);
    if (found == waiting.end())
        return;
    const auto setters = std::move(found->second);
    waiting.erase(found);
    for (const auto &set : setters)
        set(result);
}

static const Error &ended()
{
    static const Error error{ErrorCode::unavailable, u"the plugin stops; ask another node"_s};
    return error;
}

Task<Result<BundleStore::Known>> BundleStore::known(Editions editions)
{
    if (const auto found = m_known.find(editions); found != m_known.end()) {
        const Known known = found->second;
        co_return known;
    }
    const Result<QByteArray> bytes = co_await bytesOf(editions);
    if (!bytes)
        co_return bytes.error();
    const auto found = m_known.find(editions);
    if (found == m_known.end())
        co_return Error{ErrorCode::unavailable,
                        u"%1 was removed"_s.arg(textOf(serviceOf(editions)))};
    const Known known = found->second;
    co_return known;
}

std::optional<Editions> BundleStore::editionsWith(const QByteArray &service,
                                                  const std::vector<QByteArray> &scopes,
                                                  const config::Hash &root) const
{
    const auto isMeant = [&scopes](const Edition &one) {
        return std::find(scopes.begin(), scopes.end(), one.scope) != scopes.end();
    };
    for (auto it = m_names.lower_bound({service, root, {}}); it != m_names.end(); ++it) {
        const auto &[of, known, editions] = *it;
        if (of != service || known != root)
            break;
        if (std::all_of(editions.begin(), editions.end(), isMeant))
            return editions;
    }
    return {};
}

Task<Result<QByteArray>> BundleStore::bytesOf(Editions editions)
{
    if (const auto found = m_known.find(editions); found != m_known.end()) {
        if (const std::optional<QByteArray> bytes = m_bundles.find(found->second.root))
            co_return *bytes;
    }
    const auto [flight, isFirst] = m_rendering.try_emplace(editions);
    if (!isFirst) {
        Eventual<QByteArray> rendered(ended());
        flight->second.push_back(rendered.setter());
        const Result<QByteArray> bytes = co_await rendered;
        co_return bytes;
    }
    const Result<QByteArray> bytes = co_await render(editions);
    answer(m_rendering, editions, bytes);
    co_return bytes;
}

namespace {

struct Finished
{
    QByteArray bytes;
    config::Hash root;
    std::vector<config::Fault> faults;
};

} // namespace

static Finished finish(const config::Layer &layer, const config::Contents &contents)
{
    config::Rendered rendered = config::render(layer, contents);
    Finished finished{.bytes = {}, .root = {}, .faults = std::move(rendered.faults)};
    if (finished.faults.empty()) {
        finished.bytes = config::encode(rendered.bundle);
        finished.root = config::rootOf(finished.bytes);
    }
    return finished;
}

Task<Result<QByteArray>> BundleStore::render(Editions editions)
{
    const Result<Stack> stack = co_await m_library.stackOf(editions);
    if (!stack)
        co_return stack.error();
    const Result<LayerPointer> layer = co_await m_library.effective(*stack);
    if (!layer)
        co_return layer.error();
    const Result<config::Contents> contents = co_await m_library.contentsOf(*layer);
    if (!contents)
        co_return contents.error();
    const auto work = [layer = *layer, contents = *contents] { return finish(*layer, contents); };
    const Result<Finished> finished = co_await m_context.offload(work);
    if (!finished)
        co_return finished.error();
    if (!finished->faults.empty()) {
        const config::Fault &fault = finished->faults.front();
        co_return Error{ErrorCode::refused,
                        u"%1 %2 cannot be rendered: %3: %4"_s.arg(
                            textOf(serviceOf(editions)), textOf(editions.back().version),
                            textOf(fault.place), fault.message)};
    }
    m_rendered.add();
    remember(editions, {finished->root, finished->bytes.size()});
    m_bundles.insert(finished->root, finished->bytes);
    const QByteArray bytes = finished->bytes;
    co_return bytes;
}

void BundleStore::remember(const Editions &editions, const Known &known)
{
    if (m_known.size() >= knownMax) {
        m_known.clear();
        m_names.clear();
    }
    m_known.insert_or_assign(editions, known);
    m_names.emplace(serviceOf(editions), known.root, editions);
}

Task<Result<BundleStore::Packed>> BundleStore::packed(Editions want, std::optional<Editions> base)
{
    const Result<Known> wanted = co_await known(want);
    if (!wanted)
        co_return wanted.error();
    Pair name{{}, wanted->root};
    if (base) {
        const Result<Known> had = co_await known(*base);
        if (!had)
            co_return had.error();
        name.first = had->root;
    }
    if (const std::optional<QByteArray> bytes = m_packed.find(name)) {
        const Packed packed{*bytes, wanted->bytes};
        co_return packed;
    }
    const Result<QByteArray> bytes = co_await bytesOf(want);
    if (!bytes)
        co_return bytes.error();
    QByteArray baseBytes;
    if (base) {
        const Result<QByteArray> had = co_await bytesOf(*base);
        if (!had)
            co_return had.error();
        baseBytes = *had;
    }
    const Result<QByteArray> made = co_await pack(name, *bytes, baseBytes);
    if (!made)
        co_return made.error();
    const Packed packed{*made, wanted->bytes};
    co_return packed;
}

Task<Result<QByteArray>> BundleStore::pack(Pair name, QByteArray bytes, QByteArray base)
{
    const auto [flight, isFirst] = m_packing.try_emplace(name);
    if (!isFirst) {
        Eventual<QByteArray> made(ended());
        flight->second.push_back(made.setter());
        const Result<QByteArray> shared = co_await made;
        co_return shared;
    }
    const Result<QByteArray> made = co_await packNow(name, std::move(bytes), std::move(base));
    answer(m_packing, name, made);
    co_return made;
}

Task<Result<QByteArray>> BundleStore::packNow(Pair name, QByteArray bytes, QByteArray base)
{
    if (const std::optional<QByteArray> there = m_packed.find(name))
        co_return *there;
    const auto work = [bytes, base] { return config::pack(bytes, base); };
    const Result<QByteArray> made = co_await m_context.offload(work);
    if (made)
        m_packed.insert(name, *made);
    co_return made;
}

void BundleStore::forget(const QByteArray &service)
{
    std::erase_if(m_known,
                  [&service](const auto &item) { return serviceOf(item.first) == service; });
    std::erase_if(m_names, [&service](const Name &name) { return std::get<0>(name) == service; });
}

} // namespace coffer::goconf
