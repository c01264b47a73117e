// SPDX-License-Identifier: Apache-2.0
#include "goconf/origin_store.h"

#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include "config/origin_list.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

Task<Result<QByteArray>> OriginStore::packed(Editions editions)
{
    if (const std::optional<QByteArray> known = m_packed.find(editions))
        co_return *known;
    const auto [flight, isFirst] = m_making.try_emplace(editions);
    if (!isFirst) {
        const Error ended{ErrorCode::unavailable, u"the plugin stops; ask another node"_s};
        Eventual<QByteArray> made(ended);
        flight->second.push_back(made.setter());
        const Result<QByteArray> bytes = co_await made;
        co_return bytes;
    }
    const Result<QByteArray> bytes = co_await make(editions);
    if (bytes)
        m_packed.insert(editions, *bytes);
    const auto waiting = std::move(m_making[editions]);
    m_making.erase(editions);
    for (const auto &set : waiting)
        set(bytes);
    co_return bytes;
}

Task<Result<QByteArray>> OriginStore::make(Editions editions)
{
    const Result<Stack> stack = co_await m_library.stackOf(editions);
    if (!stack)
        co_return stack.error();
    std::vector<LayerPointer> layers;
    const std::vector<config::Hash> manifests = stack->layers();
    for (const config::Hash &manifest : manifests) {
        const Result<LayerPointer> layer = co_await m_library.layer(manifest);
        if (!layer)
            co_return layer.error();
        layers.push_back(*layer);
    }
    const auto work = [stack = *stack, layers]() -> Result<QByteArray> {
        std::vector<const config::Layer *> all;
        std::vector<config::OriginList::Level> levels;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            all.push_back(layers[i].get());
            levels.push_back({stack.originOf(i), stack.parts[i / 2].of.version});
        }
        const config::Merged merged = config::merge(all);
        const QByteArray list = config::encode(config::originsOf(merged, levels));
        if (std::size_t(list.size()) > config::OriginList::bytesMax)
            return Error{ErrorCode::refused, u"the list of origins would be too large"_s};
        return config::pack(list);
    };
    const Result<Result<QByteArray>> made = co_await m_context.offload(work);
    if (!made)
        co_return made.error();
    const Result<QByteArray> &bytes = *made;
    co_return bytes;
}

} // namespace coffer::goconf
