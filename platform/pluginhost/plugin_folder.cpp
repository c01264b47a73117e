// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_folder.h"

#include "pluginhost/plugin_host.h"

#include <QDir>
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

void addFolder(PluginHost &host, const QString &folder)
{
    const QDir directory(folder);
    for (const QFileInfo &info : directory.entryInfoList(QDir::Files, QDir::Name)) {
        if (!QLibrary::isLibrary(info.fileName()))
            continue;
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

} // namespace coffer::pluginhost
