// SPDX-License-Identifier: Apache-2.0
#include "rpc/schema.h"

#include <QJsonDocument>

namespace coffer::rpc {

struct Schema::Body
{
    QCborValue document;
};

Schema::Schema(std::shared_ptr<const Body> body) : m_body(std::move(body)) {}

Result<Schema> Schema::parse(const QByteArray &) { return Schema(std::make_shared<const Body>()); }

std::optional<QString> Schema::refute(const QCborValue &) const { return {}; }

Answer<QCborValue> Schema::fromJson(const QJsonValue &json) const
{
    return QCborValue::fromJsonValue(json);
}

QCborValue Schema::document() const { return m_body->document; }

} // namespace coffer::rpc
