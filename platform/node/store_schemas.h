// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

/// JSON Schemas of the store's methods: docs/formats/store-methods.md. The readers of
/// pluginapi/store_cbor.h refuse what these refuse; tst_store_methods feeds both one corpus.
namespace coffer::node::schemas {

/// Parameters of the questions; \a method as pluginapi::methodOf() names it.
[[nodiscard]] QByteArray question(const QByteArray &method);
[[nodiscard]] QByteArray commit();
[[nodiscard]] QByteArray put();
[[nodiscard]] QByteArray remove();
[[nodiscard]] QByteArray history();
[[nodiscard]] QByteArray watch();
/// An object of these members ("name":{...}, ...), of which \a required ("a","b") are.
[[nodiscard]] QByteArray object(const QByteArray &members, const QByteArray &required = {});

/// Results.
[[nodiscard]] QByteArray reply();
[[nodiscard]] QByteArray answer();
[[nodiscard]] QByteArray events();

/// Members that several methods have.
inline constexpr char sessionMember[] = R"("session":{"type":"integer","minimum":1})";

} // namespace coffer::node::schemas
