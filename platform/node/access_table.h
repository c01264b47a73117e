// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "node/access_rules.h"
#include "rpc/call.h"
#include "rpc/method.h"
#include "store/query.h"

#include <map>

namespace coffer::node {

/// Where the rules lie in the store. Only administrators may look there.
namespace access {
inline constexpr char tree[] = "/coffer/auth";
inline constexpr char enabled[] = "/coffer/auth/enabled"; ///< There: access control is on.
inline constexpr char tokens[] = "/coffer/auth/tokens/";
inline constexpr char roles[] = "/coffer/auth/roles/";
inline constexpr char names[] = "/coffer/auth/names/"; ///< Of certificates.
/// A role that is there without being stored, and may do everything.
inline constexpr char rootRole[] = "root";
inline constexpr char rootToken[] = "root";
} // namespace access

/// What somebody wants to do.
struct Asked
{
    QString method;
    rpc::Access access;
    std::vector<rpc::Touch> touches; ///< Empty: it touches no path, and so the whole, `/`.
};

/// An answer to that, and what it was decided by, for people.
struct Decision
{
    bool isAllowed = false;
    QString reason;
};

/// All tokens, names, roles and rules as they were at one revision, and what follows from them.
///
/// A rule that denies goes before all that allow; what no rule allows is denied. A pattern is
/// allowed only as a whole: if one rule covers it. Docs: docs/access.md. Value, pure.
class AccessTable
{
public:
    /// Reads the files of access::tree. A record that cannot be read denies everything to those
    /// that it is about; \a faults gets a sentence for each.
    [[nodiscard]] static AccessTable read(const std::vector<store::FileView> &files,
                                          QStringList *faults = nullptr);

    [[nodiscard]] bool isEnabled() const { return m_isEnabled; }
    [[nodiscard]] const std::map<QString, TokenRecord> &tokens() const { return m_tokens; }
    [[nodiscard]] const std::map<QString, QStringList> &names() const { return m_names; }
    /// Nothing where a role cannot be read.
    [[nodiscard]] const std::map<QString, std::optional<std::vector<Rule>>> &roles() const
    {
        return m_roles;
    }

    /// "token ID" and "certificate NAME": how callers are called.
    [[nodiscard]] static QString callerOfToken(const QString &id);
    [[nodiscard]] static QString callerOfName(const QString &name);
    /// The roles that a caller has now; or why it is nobody: its token was revoked, has expired or
    /// was rotated since.
    [[nodiscard]] rpc::Answer<QStringList> rolesOf(const rpc::Caller &caller, WallMs now) const;

    /// Whether somebody with \a roles may do that.
    [[nodiscard]] Decision decide(const QStringList &roles, const Asked &asked) const;

    /// Equal for two tables if they say the same of \a caller.
    [[nodiscard]] QByteArray standingOf(const rpc::Caller &caller, WallMs now) const;

private:
    struct Part;
    [[nodiscard]] Decision decidePart(const QStringList &roles, const Part &part) const;
    [[nodiscard]] const std::optional<std::vector<Rule>> *rulesOf(const QString &role) const;
    void readFile(const store::FileView &file, QStringList *faults);

    bool m_isEnabled = false;
    std::map<QString, TokenRecord> m_tokens;
    std::map<QString, QStringList> m_names;
    std::map<QString, std::optional<std::vector<Rule>>> m_roles;
};

} // namespace coffer::node
