// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_folder.h"

#include "pluginhost/plugin_host.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLibrary>
#include <QPluginLoader>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using pluginapi::PluginFactory;

/// Loads the library. Nothing of it may be missing: a symbol that is not there is an error here,
/// and not a crash at the first call.
static Result<std::unique_ptr<pluginapi::Plugin>> load(const QString &file)
{
    QPluginLoader loader(file);
    loader.setLoadHints(QLibrary::ResolveAllSymbolsHint | QLibrary::PreventUnloadHint);
    const auto *factory = qobject_cast<PluginFactory *>(loader.instance());
    if (factory == nullptr)
        return Error{ErrorCode::refused, u"it cannot be loaded: "_s + loader.errorString()};
    return factory->create();
}

static Result<PluginSpec> specOf(const QString &file)
{
    const QJsonObject about = QPluginLoader(file).metaData();
    if (about.value("IID"_L1).toString() != QLatin1String(COFFER_PLUGIN_IID))
        return Error{ErrorCode::refused, u"it is no plugin of Coffer"_s};
    return PluginSpec::parse(about.value("MetaData"_L1).toObject());
}

static QFileInfoList librariesIn(const QString &folder)
{
    QFileInfoList libraries = QDir(folder).entryInfoList(QDir::Files, QDir::Name);
    libraries.removeIf([](const QFileInfo &info) { return !QLibrary::isLibrary(info.fileName()); });
    return libraries;
}

void addFolder(PluginHost &host, const QString &folder)
{
    for (const QFileInfo &info : librariesIn(folder)) {
        const QString file = info.absoluteFilePath();
        Result<PluginSpec> spec = specOf(file);
        if (!spec) {
            PluginSpec unknown;
            unknown.name = info.completeBaseName();
            unknown.file = file;
            host.addRefused(std::move(unknown), spec.error().message);
            continue;
        }
        spec->file = file;
        if (const Result<void> fits = checkFingerprint(*spec); !fits)
            host.addRefused(std::move(*spec), fits.error().message);
        else
            host.add(std::move(*spec), [file] { return load(file); });
    }
}

/// "INT 1..100", "TEXT", as far as a schema says it in one line.
static QString kindOf(const QJsonObject &schema)
{
    const QString type = schema.value("type"_L1).toString();
    if (schema.contains("enum"_L1)) {
        QStringList words;
        for (const QJsonValue word : schema.value("enum"_L1).toArray())
            words.append(word.toVariant().toString());
        return words.join(u'|');
    }
    if (type == "integer"_L1 && schema.contains("minimum"_L1) && schema.contains("maximum"_L1))
        return u"INT %1..%2"_s.arg(schema.value("minimum"_L1).toInteger())
            .arg(schema.value("maximum"_L1).toInteger());
    if (type == "integer"_L1)
        return u"INT"_s;
    return type == "string"_L1 ? u"TEXT"_s : type.toUpper();
}

QString describeSettings(const QString &folder)
{
    QString text;
    for (const QFileInfo &info : librariesIn(folder)) {
        const Result<PluginSpec> spec = specOf(info.absoluteFilePath());
        if (!spec)
            continue; // The log says so when the host starts.
        const QJsonObject settings =
            QJsonDocument::fromJson(spec->settings).object().value("properties"_L1).toObject();
        if (!settings.isEmpty())
            text += u"[plugins.%1]\n"_s.arg(spec->name);
        for (auto it = settings.begin(); it != settings.end(); ++it) {
            const QJsonObject schema = it.value().toObject();
            text += u"  %1 = %2\n"_s.arg(it.key(), kindOf(schema));
            if (const QString what = schema.value("description"_L1).toString(); !what.isEmpty())
                text += u"      %1\n"_s.arg(what);
        }
    }
    return text;
}

} // namespace coffer::pluginhost
