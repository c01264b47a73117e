// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>

namespace coffer::test {

/// Certificates for tests, made by the openssl command, gone with this. Ends the program if that
/// fails. Resource.
class Certificates
{
public:
    /// NAME.pem and NAME.key of an authority.
    void makeAuthority(const QString &name);
    /// NAME.pem and NAME.key of somebody whom \a authority signed. It names no host.
    void makeSigned(const QString &name, const QString &authority);
    [[nodiscard]] QString path(const QString &file) const { return m_folder.filePath(file); }

private:
    void run(const QStringList &arguments);

    QTemporaryDir m_folder;
};

} // namespace coffer::test
