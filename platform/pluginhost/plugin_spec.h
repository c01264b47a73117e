// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <QStringList>

namespace coffer::pluginhost {

/// What a plugin says of itself, before any of its code runs. Value; docs/formats/plugin.md.
struct PluginSpec
{
    QString name;         ///< a-z and 0-9, a letter first, at most 32.
    QString version = {}; ///< For people.
    QString summary = {};
    QStringList needs = {};    ///< Plugins, or what they provide, that have to run before.
    QStringList provides = {}; ///< Further names below which it registers methods.
    QByteArray settings = R"({"type":"object","additionalProperties":false})"; ///< JSON Schema.
    QString fingerprint = {}; ///< What it was built against.
    QString file = {};        ///< Where it came from; empty if it is part of the program.

    /// Reads the JSON that coffer_add_plugin() put into a library. Total and strict: what is
    /// missing, unknown, of another type or beyond its bound is `invalid` with its name.
    [[nodiscard]] static Result<PluginSpec> parse(const QJsonObject &json);

    /// Name and provides.
    [[nodiscard]] QStringList names() const { return QStringList{name} + provides; }
};

/// What the platform of this program was built as: see cmake/CofferFingerprint.cmake.
[[nodiscard]] QString ownFingerprint();
/// `refused`, with what differs and what to do, unless \a spec was built against this platform.
[[nodiscard]] Result<void> checkFingerprint(const PluginSpec &spec);

} // namespace coffer::pluginhost
