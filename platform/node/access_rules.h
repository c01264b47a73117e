// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "rpc/method.h"
#include "store/glob.h"

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

/// Roles and their rules: docs/access.md. Values, pure.
namespace coffer::node {

namespace limits {
inline constexpr std::size_t accessRulesMax = 256;    ///< Of a role.
inline constexpr std::size_t accessRolesMax = 64;     ///< Of a token or certificate.
inline constexpr std::size_t accessNameBytesMax = 64; ///< Of a role.
inline constexpr std::size_t accessPatternBytesMax =
    256; ///< Of a rule; that of paths, and methods.
inline constexpr std::size_t accessNoteBytesMax = 512;
inline constexpr std::size_t accessRecordBytesMax = 262'144;
} // namespace limits

/// Allows or denies some actions on some paths by some methods.
struct Rule
{
    bool isAllow = true;
    bool isRead = false;
    bool isWrite = false;
    bool isAdmin = false;
    /// A pattern that ends in "/**" means the tree: what stands before it belongs to it.
    store::Glob path;
    QString methods = QStringLiteral("*"); ///< A name, or its beginning and a star.

    [[nodiscard]] bool isFor(rpc::Access::Kind action) const;
    [[nodiscard]] bool isForMethod(const QString &method) const;
    /// True only if all that \a asked can match is within the rule's path.
    [[nodiscard]] bool covers(const store::Glob &asked) const;
    /// True if something that \a asked matches may be within it.
    [[nodiscard]] bool meets(const store::Glob &asked) const;
    /// "allow read,write /a/** store.*": as people write it.
    [[nodiscard]] QString text() const;
    bool operator==(const Rule &) const = default;
};

/// "read,write", or "all". `invalid` says which words there are.
Result<void> setActions(Rule &rule, const QString &actions);
/// A rule of its parts as people write them. `invalid` names the part.
[[nodiscard]] Result<Rule> makeRule(bool isAllow, const QString &actions, const QByteArray &path,
                                    const QString &methods);

/// 1 to limits::accessNameBytesMax bytes of those that a segment of a path may have.
[[nodiscard]] bool isRoleName(const QString &name);

/// What the store holds of a role, as JSON. The reader is strict; `invalid` names the member.
[[nodiscard]] QByteArray encodeRules(const std::vector<Rule> &rules);
[[nodiscard]] Result<std::vector<Rule>> decodeRules(const QByteArray &record);

/// A token as the store holds it.
struct TokenRecord
{
    QByteArray hash; ///< Of the secret, by argon2id, as libsodium writes it.
    qint64 createdMs = 0;
    qint64 expiresMs = 0; ///< 0: never.
    QStringList roles{};
    QString note{};
    bool operator==(const TokenRecord &) const = default;
};
[[nodiscard]] QByteArray encodeToken(const TokenRecord &token);
[[nodiscard]] Result<TokenRecord> decodeToken(const QByteArray &record);

/// The roles of a name of certificates.
[[nodiscard]] QByteArray encodeRoleNames(const QStringList &roles);
[[nodiscard]] Result<QStringList> decodeRoleNames(const QByteArray &record);

} // namespace coffer::node
