// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "node/access_table.h"
#include "node/token.h"

using namespace coffer;
using namespace coffer::node;

/// What was read is written and read again to the same.
template<class Value, class Written>
static void checkTravels(const Result<Value> &value, Result<Value> (*read)(const QByteArray &),
                         QByteArray (*write)(const Written &))
{
    if (!value) {
        COFFER_CHECK(value.error().code == ErrorCode::invalid, "a wrong error code");
        COFFER_CHECK(!value.error().message.isEmpty(), "an error without a sentence");
        return;
    }
    const Result<Value> again = read(write(*value));
    COFFER_CHECK(again && *again == *value, "what was written is not what was read");
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const auto rules = decodeRules(bytes);
    checkTravels(rules, &decodeRules, &encodeRules);
    checkTravels(decodeToken(bytes), &decodeToken, &encodeToken);
    checkTravels(decodeRoleNames(bytes), &decodeRoleNames, &encodeRoleNames);
    if (const Result<Token> token = Token::parse(bytes))
        COFFER_CHECK(token->text() == bytes, "a token did not travel");

    store::FileView role;
    role.path = QByteArray(access::roles) + "r";
    role.value = bytes;
    const AccessTable table = AccessTable::read({role});
    const Asked asked{QStringLiteral("store.put"),
                      {rpc::Access::Kind::write},
                      {{rpc::Access::Kind::write, "/a/b", false}}};
    const Decision decision = table.decide({QStringLiteral("r")}, asked);
    COFFER_CHECK(rules || !decision.isAllowed, "a role that cannot be read allows");
    COFFER_CHECK(!decision.reason.isEmpty(), "a decision without a reason");
    return 0;
}
