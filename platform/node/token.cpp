// SPDX-License-Identifier: Apache-2.0
#include "node/token.h"

#include <QFile>

#include <algorithm>
#include <sodium.h>

using namespace Qt::StringLiterals;

namespace coffer::node {

static constexpr qsizetype idBytesMax = 32;
static constexpr qsizetype secretDigits = 64;
static constexpr unsigned long long passes = 2;
static constexpr std::size_t memoryBytes = std::size_t(8) << 20;
static const QByteArray costs = "$argon2id$v=19$m=8192,t=2,p=1$"; // the two above, as text

static bool startSodium()
{
    static const bool isReady = ::sodium_init() >= 0;
    return isReady;
}

static QByteArray randomHex(qsizetype digits)
{
    if (!startSodium())
        qFatal("libsodium does not start: there are no random numbers");
    QByteArray bytes(digits / 2, '\0');
    ::randombytes_buf(bytes.data(), std::size_t(bytes.size()));
    return bytes.toHex();
}

Token Token::make(const QString &id)
{
    return {id.isEmpty() ? QString::fromLatin1(randomHex(12)) : id, randomHex(secretDigits)};
}

QByteArray Token::text() const { return "coffer_" + id.toLatin1() + '_' + secret; }

Result<Token> Token::parse(const QByteArray &text)
{
    const QByteArrayList parts = text.split('_');
    const auto isOf = [](const QByteArray &bytes, auto isFit) {
        return std::all_of(bytes.begin(), bytes.end(), isFit);
    };
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    const bool isToken =
        parts.size() == 3 && parts[0] == "coffer" && !parts[1].isEmpty()
        && parts[1].size() <= idBytesMax && parts[2].size() == secretDigits
        && isOf(parts[1], [&](char c) { return isDigit(c) || (c >= 'a' && c <= 'z'); })
        && isOf(parts[2], [&](char c) { return isDigit(c) || (c >= 'a' && c <= 'f'); });
    if (!isToken) {
        return Error{
            ErrorCode::invalid,
            u"this is no token; expected coffer_ID_SECRET, as `coffer token create` prints "
            "it"_s};
    }
    return Token{QString::fromLatin1(parts[1]), parts[2]};
}

Result<QByteArray> hashSecret(const QByteArray &secret)
{
    QByteArray hash(crypto_pwhash_STRBYTES, '\0');
    const bool isDone =
        startSodium()
        && ::crypto_pwhash_str_alg(hash.data(), secret.constData(), std::size_t(secret.size()),
                                   passes, memoryBytes, crypto_pwhash_ALG_ARGON2ID13)
               == 0;
    if (!isDone)
        return Error{ErrorCode::unavailable, u"there is no memory to hash a token"_s};
    return QByteArray(hash.constData());
}

bool isSecretOf(const QByteArray &hash, const QByteArray &secret)
{
    // The text says what it costs to check it; only what was made here is checked.
    return hash.startsWith(costs) && hash.size() < qsizetype(crypto_pwhash_STRBYTES)
           && startSodium()
           && ::crypto_pwhash_str_verify(hash.constData(), secret.constData(),
                                         std::size_t(secret.size()))
                  == 0;
}

Result<Token> readTokenFile(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::notFound, u"%1 cannot be read: %2"_s.arg(path, file.errorString())};
    const auto others = QFileDevice::ReadGroup | QFileDevice::WriteGroup | QFileDevice::ReadOther
                        | QFileDevice::WriteOther;
    if (file.permissions() & others) {
        return Error{ErrorCode::refused,
                     u"%1 can be read or written by others; chmod 600 it"_s.arg(path)};
    }
    const Result<Token> token = Token::parse(file.read(1024).trimmed());
    if (!token)
        return token.error().in(path);
    return token;
}

} // namespace coffer::node
