// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>
#include <QTest>

namespace coffer::test {

/// The bytes of the block ```hex \a name of docs/formats/goconf.md: what stands before two spaces
/// in each line. Empty if there is none.
inline QByteArray documented(const QByteArray &name)
{
    QFile file(QFINDTESTDATA("../../../docs/formats/goconf.md"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray fence = "```hex " + name + "\n";
    const QByteArray text = file.readAll();
    const qsizetype begin = text.indexOf(fence);
    if (begin < 0)
        return {};
    const qsizetype from = begin + fence.size();
    QByteArray hex;
    for (const QByteArray &line : text.mid(from, text.indexOf("```", from) - from).split('\n'))
        hex += line.left(line.indexOf("  ") < 0 ? line.size() : line.indexOf("  "));
    return QByteArray::fromHex(hex);
}

} // namespace coffer::test
