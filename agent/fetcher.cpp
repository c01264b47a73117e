// SPDX-License-Identifier: Apache-2.0
#include "agent/fetcher.h"

#include "config/bundle.h"
#include "config/limits.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

static constexpr std::chrono::milliseconds pieceTimeout = 30s;
/// Room for what does not compress.
static constexpr qint64 packedBytesMax = qint64(config::limits::serviceBytesMax) * 2;

namespace {

struct Packed
{
    QByteArray bytes;
    QByteArray base; ///< The root it was packed against; empty: none.
};

} // namespace

static Error broken(const Wanted &wanted, const QString &why)
{
    return {ErrorCode::corrupt, u"version %1 of %2: %3"_s.arg(wanted.version, wanted.service, why)};
}

/// \a more: members of the question besides those that are always there.
static Task<Result<Packed>> fetchPacked(client::Client &client, QByteArray ticket, Wanted wanted,
                                        QCborMap more)
{
    const QPointer<client::Client> guard(&client);
    Packed packed;
    for (;;) {
        QCborMap params = more;
        params.insert(u"ticket"_s, QString::fromLatin1(ticket));
        params.insert(u"service"_s, wanted.service);
        params.insert(u"root"_s, QString::fromLatin1(wanted.root));
        params.insert(u"offset"_s, qint64(packed.bytes.size()));
        const rpc::Outcome outcome = co_await guard->call(
            u"goconf.fetch"_s, params, {.repeat = client::Repeat::safe, .timeout = pieceTimeout});
        if (!guard)
            co_return Error{ErrorCode::unavailable, u"the agent ends"_s};
        if (!outcome)
            co_return client::errorOf(outcome.error());
        const QCborMap piece = outcome->toMap();
        const QByteArray bytes = piece.value("packed"_L1).toByteArray();
        const qint64 total = piece.value("total"_L1).toInteger(-1);
        if (piece.value("offset"_L1).toInteger(-1) != packed.bytes.size() || total < 0
            || total > packedBytesMax || packed.bytes.size() + bytes.size() > total)
            co_return broken(wanted, u"the node sent pieces that do not fit together"_s);
        if (packed.bytes.isEmpty())
            packed.base = piece.value("base"_L1).toString().toLatin1();
        packed.bytes += bytes;
        if (packed.bytes.size() == total)
            co_return std::move(packed);
        if (bytes.isEmpty())
            co_return broken(wanted, u"the node sent an empty piece before the end"_s);
    }
}

/// The bundle itself, proven.
static Result<QByteArray> open(const Packed &packed, const Wanted &wanted, const FetchBase &base)
{
    if (!packed.base.isEmpty() && packed.base != base.root)
        return broken(wanted, u"the node packed it against a version that is not here"_s);
    Result<QByteArray> bytes =
        config::unpack(packed.bytes, packed.base.isEmpty() ? QByteArray() : base.bytes,
                       config::limits::serviceBytesMax + (std::size_t(1) << 20));
    if (!bytes)
        return broken(wanted, bytes.error().message);
    if (config::rootOf(*bytes).hex() != wanted.root)
        return broken(wanted, u"what arrived has another root than what was offered"_s);
    return bytes;
}

Task<Result<QByteArray>> fetchBundle(client::Client &client, QByteArray ticket, Wanted wanted,
                                     FetchBase base)
{
    const QPointer<client::Client> guard(&client);
    QCborMap against;
    if (!base.root.isEmpty())
        against.insert(u"base"_s, QString::fromLatin1(base.root));
    Result<Packed> packed = co_await fetchPacked(*guard, ticket, wanted, against);
    if (!packed)
        co_return packed.error();
    Result<QByteArray> bytes = open(*packed, wanted, base);
    if (bytes || packed->base.isEmpty() || !guard)
        co_return bytes;
    packed = co_await fetchPacked(*guard, ticket, wanted, QCborMap());
    if (!packed)
        co_return packed.error();
    co_return open(*packed, wanted, base);
}

Task<Result<config::OriginList>> fetchOrigins(client::Client &client, QByteArray ticket,
                                              Wanted wanted)
{
    const QCborMap what{{u"what"_s, u"origins"_s}};
    const Result<Packed> packed = co_await fetchPacked(client, ticket, wanted, what);
    if (!packed)
        co_return packed.error();
    const Result<QByteArray> bytes =
        config::unpack(packed->bytes, QByteArray(), config::OriginList::bytesMax);
    if (!bytes)
        co_return bytes.error();
    const Result<config::OriginList> list = config::decodeOrigins(*bytes);
    co_return list;
}

} // namespace coffer::agent
