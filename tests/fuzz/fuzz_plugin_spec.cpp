// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "pluginhost/plugin_order.h"
#include "pluginhost/plugin_wish.h"

#include <QJsonDocument>

using namespace coffer;
using namespace coffer::pluginhost;

/// The input is what a plugin says of itself, and what operators want of it. Both readers are
/// total, and what they take means the same when it is read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const Result<PluginWish> wish = PluginWish::parse(input);
    if (wish) {
        const Result<PluginWish> again = PluginWish::parse(wish->toJson());
        COFFER_CHECK(!again || again->isEnabled == wish->isEnabled, "another wish");
    }
    const Result<PluginSpec> spec = PluginSpec::parse(QJsonDocument::fromJson(input).object());
    COFFER_CHECK(spec || !spec.error().message.isEmpty(), "refused without a reason");
    if (spec) {
        const PluginOrder order = orderOf({*spec, *spec});
        COFFER_CHECK(order.faults.contains(1), "a name was taken twice");
    }
    return 0;
}
