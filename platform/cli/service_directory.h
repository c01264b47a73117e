// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <QByteArray>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>

#include <map>
#include <memory>

/// A service as a directory on this machine (docs/formats/goconf.md, "Directories"): a folder for
/// each layer, with texts that people edit and files as they are. Blocks.
namespace coffer::cli {

/// What was read.
struct ServiceDirectory
{
    QByteArray service;
    std::map<QByteArray, config::Layer> layers; ///< By scope: "_all", or an IDC.
};
struct ReadDirectory
{
    ServiceDirectory directory;
    /// "DIR/_all/sections/core.jsonl:3: ..."; with one of them the rest means nothing.
    QStringList faults;
};
/// Nothing is followed out of the directory: a link is a fault, as is whatever an export does not
/// write. Names beginning with '.' are left alone at the top.
[[nodiscard]] ReadDirectory readServiceDirectory(const QString &path);

/// Where the content of a file of the directory lies.
[[nodiscard]] QString filePathIn(const QString &directory, const QByteArray &scope,
                                 const QByteArray &path);
/// The bytes of a file, at most limits::fileBytesMax.
[[nodiscard]] Result<QByteArray> fileBytes(const QString &path);

/// Writes a directory beside where it is to be, and puts it there in one step; what is not finished
/// leaves nothing behind. Resource.
class DirectoryWriter
{
    Q_DISABLE_COPY_MOVE(DirectoryWriter)

public:
    DirectoryWriter() = default;
    ~DirectoryWriter() = default;

    /// `conflict` if \a path is there, unless \a isForced and it is an export and nothing else, or
    /// an empty directory.
    [[nodiscard]] Result<void> begin(const QString &path, const QByteArray &service, bool isForced);
    /// Sections, outputs and the index of \a layer; its files come one by one.
    [[nodiscard]] Result<void> writeLayer(const QByteArray &scope, const config::Layer &layer);
    [[nodiscard]] Result<void> writeFile(const QByteArray &scope, const QByteArray &path,
                                         const QByteArray &bytes);
    /// Everything is on disk, and in its place.
    [[nodiscard]] Result<void> finish();

private:
    [[nodiscard]] Result<void> write(const QString &name, const QByteArray &bytes);

    QString m_path;
    std::unique_ptr<QTemporaryDir> m_folder;
    bool m_isReplacing = false;
};

} // namespace coffer::cli
