// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.h"

#include <QProcess>

namespace coffer::test {

static QStringList newKey(const QString &name)
{
    return {"-newkey",    "ec",      "-pkeyopt",    "ec_paramgen_curve:prime256v1",
            "-nodes",     "-keyout", name + ".key", "-subj",
            "/CN=" + name};
}

void Certificates::run(const QStringList &arguments)
{
    QProcess process;
    process.setWorkingDirectory(m_folder.path());
    process.start("openssl", arguments);
    if (!process.waitForFinished(60'000) || process.exitCode() != 0)
        qFatal("openssl: %s", process.readAllStandardError().constData());
}

void Certificates::makeAuthority(const QString &name)
{
    run(QStringList{"req", "-x509", "-days", "2", "-out", name + ".pem"} + newKey(name));
}

void Certificates::makeSigned(const QString &name, const QString &authority)
{
    run(QStringList{"req", "-out", name + ".csr"} + newKey(name));
    run({"x509", "-req", "-days", "2", "-in", name + ".csr", "-out", name + ".pem", "-CA",
         authority + ".pem", "-CAkey", authority + ".key", "-CAcreateserial"});
}

} // namespace coffer::test
