// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <QByteArrayList>

namespace coffer::config {

using Sections = std::vector<Section>;

inline Value valueFrom(Type type, const QByteArray &text, std::vector<QByteArray> choices = {})
{
    const Result<Value> value = Value::parse(type, text, std::move(choices));
    if (!value)
        qFatal("%s: %s", text.constData(), qPrintable(value.error().message));
    return *value;
}

inline Key keyOf(const QByteArray &name, const QByteArray &text, const QByteArray &comment = {})
{
    return {name, valueFrom(Type::string, text), comment};
}

/// One line for each key: "section/key type text # comment".
inline QByteArrayList told(const Sections &sections)
{
    QByteArrayList lines;
    for (const Section &section : sections) {
        if (!section.comment.isEmpty() || section.keys.empty())
            lines << section.name + " # " + section.comment;
        for (const Key &key : section.keys) {
            lines << section.name + '/' + key.name + ' ' + nameOf(key.value.type) + ' '
                         + key.value.text + (key.comment.isEmpty() ? "" : " # " + key.comment);
        }
    }
    return lines;
}

inline QByteArrayList toldOrFault(const Result<Sections> &sections)
{
    return sections ? told(*sections) : QByteArrayList{sections.error().message.toUtf8()};
}

} // namespace coffer::config
