// SPDX-License-Identifier: Apache-2.0
#include "agent/toml_table.h"

#include <QFile>
#include <QSet>

#include <toml.hpp>

#include <algorithm>
#include <sstream>
#include <string>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using std::chrono::milliseconds;

static constexpr qint64 fileBytesMax = 1 << 20;

struct TomlTable::File
{
    QString name;
    toml::value root;
    std::optional<Error> fault; ///< The first.
};

struct TomlTable::Node
{
    const toml::value *value; ///< Within File::root; a table.
    QString prefix;           ///< "reload.", for people.
    QSet<QString> taken;
};

static Error invalid(const QString &place, const QString &why)
{
    return {ErrorCode::invalid, u"%1: %2"_s.arg(place, why)};
}

TomlTable::TomlTable(std::shared_ptr<File> file, std::shared_ptr<Node> node)
    : m_file(std::move(file)), m_node(std::move(node))
{}

Result<TomlTable> TomlTable::read(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error{file.exists() ? ErrorCode::io : ErrorCode::notFound,
                     u"%1: cannot be read: %2"_s.arg(path, file.errorString())};
    const QByteArray bytes = file.read(fileBytesMax + 1);
    if (bytes.size() > fileBytesMax)
        return invalid(path, u"is larger than 1 MiB"_s);
    return parse(bytes, path);
}

Result<TomlTable> TomlTable::parse(const QByteArray &bytes, const QString &name)
{
    auto file = std::make_shared<File>();
    file->name = name;
    try {
        std::istringstream stream(bytes.toStdString(), std::ios::binary);
        file->root = toml::parse(stream, name.toStdString());
    } catch (const toml::syntax_error &error) {
        return invalid(u"%1:%2"_s.arg(name).arg(error.location().line()),
                       u"this is not TOML:\n%1"_s.arg(QString::fromUtf8(error.what())));
    } catch (const std::exception &error) {
        return invalid(name, QString::fromUtf8(error.what()));
    }
    auto node = std::make_shared<Node>();
    node->value = &file->root;
    return TomlTable(std::move(file), std::move(node));
}

bool TomlTable::has(const QString &key) const
{
    return m_node->value->as_table().count(key.toStdString()) > 0;
}

QString TomlTable::placeOf(const QString &key) const
{
    const auto &table = m_node->value->as_table();
    const auto found = table.find(key.toStdString());
    const auto line =
        found == table.end() ? m_node->value->location().line() : found->second.location().line();
    return u"%1:%2: %3%4"_s.arg(m_file->name).arg(line).arg(m_node->prefix, key);
}

void TomlTable::fail(const QString &key, const QString &why)
{
    if (!m_file->fault)
        m_file->fault = invalid(placeOf(key), why);
}

const void *TomlTable::take(const QString &key)
{
    m_node->taken.insert(key);
    const auto &table = m_node->value->as_table();
    const auto found = table.find(key.toStdString());
    return found == table.end() ? nullptr : &found->second;
}

QString TomlTable::text(const QString &key, const QString &otherwise)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return otherwise;
    if (value->is_string())
        return QString::fromStdString(value->as_string().str);
    fail(key, u"write a string, in quotes"_s);
    return otherwise;
}

static std::optional<QStringList> stringsOf(const toml::value &value)
{
    if (!value.is_array())
        return std::nullopt;
    QStringList parts;
    for (const toml::value &part : value.as_array()) {
        if (!part.is_string())
            return std::nullopt;
        parts.append(QString::fromStdString(part.as_string().str));
    }
    return parts;
}

QStringList TomlTable::list(const QString &key)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return {};
    if (const auto strings = stringsOf(*value))
        return *strings;
    fail(key, u"write a list of strings: [\"one\", \"two\"]"_s);
    return {};
}

QString TomlTable::plain(const QString &key)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return {};
    if (value->is_string())
        return QString::fromStdString(value->as_string().str);
    if (value->is_integer())
        return QString::number(value->as_integer());
    if (const auto strings = stringsOf(*value))
        return strings->join(u',');
    fail(key, u"write a string, a whole number, or a list of strings"_s);
    return {};
}

bool TomlTable::flag(const QString &key, bool otherwise)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return otherwise;
    if (value->is_boolean())
        return value->as_boolean();
    fail(key, u"write true or false"_s);
    return otherwise;
}

qint64 TomlTable::number(const QString &key, qint64 otherwise, qint64 min, qint64 max)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return otherwise;
    if (value->is_integer() && value->as_integer() >= min && value->as_integer() <= max)
        return value->as_integer();
    fail(key, u"write a whole number from %1 to %2"_s.arg(min).arg(max));
    return otherwise;
}

milliseconds TomlTable::duration(const QString &key, milliseconds otherwise, milliseconds max)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return otherwise;
    const auto time = value->is_string()
                          ? parseDuration(QString::fromStdString(value->as_string().str))
                          : std::nullopt;
    if (time && *time <= max)
        return *time;
    fail(key,
         u"write a time of at most %1s with its unit: \"500ms\", \"30s\", \"5m\" or \"2h\""_s.arg(
             max.count() / 1000));
    return otherwise;
}

std::optional<TomlTable> TomlTable::table(const QString &key)
{
    const auto *value = static_cast<const toml::value *>(take(key));
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_table()) {
        fail(key, u"write a table: [%1%2]"_s.arg(m_node->prefix, key));
        return std::nullopt;
    }
    auto node = std::make_shared<Node>();
    node->value = value;
    node->prefix = m_node->prefix + key + u'.';
    return TomlTable(m_file, std::move(node));
}

void TomlTable::close()
{
    QStringList known(m_node->taken.begin(), m_node->taken.end());
    known.sort();
    for (const auto &[key, value] : m_node->value->as_table()) {
        const QString name = QString::fromStdString(key);
        if (!m_node->taken.contains(name))
            fail(name, u"there is no such setting; there are %1"_s.arg(known.join(u", "_s)));
    }
}

Result<void> TomlTable::finish()
{
    close();
    if (m_file->fault)
        return *m_file->fault;
    return {};
}

static bool isDigit(QChar letter) { return letter >= u'0' && letter <= u'9'; }

std::optional<milliseconds> parseDuration(const QString &text)
{
    static const std::vector<std::pair<QString, qint64>> units{
        {u"ms"_s, 1}, {u"s"_s, 1'000}, {u"m"_s, 60'000}, {u"h"_s, 3'600'000}, {u"d"_s, 86'400'000}};
    static constexpr qint64 countMax = 1'000'000'000;
    if (text == u"0")
        return milliseconds(0);
    for (const auto &[unit, factor] : units) {
        if (!text.endsWith(unit))
            continue;
        bool isNumber = false;
        const QString digits = text.chopped(unit.size());
        const qint64 count = digits.toLongLong(&isNumber);
        if (isNumber && count <= countMax && std::ranges::all_of(digits, &isDigit))
            return milliseconds(count * factor);
    }
    return std::nullopt;
}

} // namespace coffer::agent
