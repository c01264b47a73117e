// SPDX-License-Identifier: Apache-2.0
#include "net/peer_hello.h"

#include "net/peer_address.h"
#include "wire/hello.pb.h"

#include <algorithm>

namespace coffer::net {

/// UTF-8, cut between characters where it is too long.
static std::string bounded(const QString &text, std::size_t bytesMax = peerTextBytesMax)
{
    std::string bytes = text.toStdString();
    std::size_t size = std::min(bytes.size(), bytesMax);
    while (size > 0 && size < bytes.size() && (std::uint8_t(bytes[size]) & 0xc0) == 0x80)
        --size;
    bytes.resize(size);
    return bytes;
}

static QByteArray bytesOf(const google::protobuf::MessageLite &message)
{
    QByteArray bytes(qsizetype(message.ByteSizeLong()), Qt::Uninitialized);
    message.SerializeToArray(bytes.data(), int(bytes.size()));
    return bytes;
}

static QString textOf(const std::string &text) { return QString::fromStdString(text); }

static Error invalid(const char *field, const char *expected)
{
    return {ErrorCode::invalid,
            QStringLiteral("hello.%1: %2").arg(QLatin1String(field), QLatin1String(expected))};
}

QByteArray encodeHello(const PeerHello &hello)
{
    wire::PeerHello out;
    out.set_version_min(hello.versionMin);
    out.set_version_max(hello.versionMax);
    out.set_cluster(hello.cluster.value());
    out.set_node(hello.node.value());
    out.set_run(hello.run.value());
    out.set_address(bounded(hello.address));
    out.set_build(bounded(hello.build));
    out.set_cluster_name(bounded(hello.clusterName));
    return bytesOf(out);
}

Result<PeerHello> decodeHello(const QByteArray &bytes)
{
    wire::PeerHello in;
    if (std::size_t(bytes.size()) > peerHelloBytesMax
        || !in.ParseFromArray(bytes.constData(), int(bytes.size())))
        return Error{ErrorCode::invalid, QStringLiteral("the hello cannot be read")};
    if (in.version_min() == 0 || in.version_min() > in.version_max())
        return invalid("version_min", "expected 1 or more, and not more than version_max");
    if (in.node() == 0)
        return invalid("node", "expected an id, which is not 0");
    if (in.run() == 0)
        return invalid("run", "expected an id, which is not 0");
    if (in.address().size() > peerTextBytesMax)
        return invalid("address", "expected at most 1024 bytes");
    if (in.build().size() > peerTextBytesMax)
        return invalid("build", "expected at most 1024 bytes");
    if (in.cluster_name().size() > peerTextBytesMax)
        return invalid("cluster_name", "expected at most 1024 bytes");
    return PeerHello{in.version_min(),   in.version_max(),         ClusterId(in.cluster()),
                     NodeId(in.node()),  RunId(in.run()),          textOf(in.address()),
                     textOf(in.build()), textOf(in.cluster_name())};
}

QByteArray encodeRefusal(const QString &message)
{
    wire::PeerRefusal out;
    out.set_message(bounded(message, peerRefusalBytesMax));
    return bytesOf(out);
}

Result<QString> decodeRefusal(const QByteArray &bytes)
{
    wire::PeerRefusal in;
    if (std::size_t(bytes.size()) > peerHelloBytesMax
        || !in.ParseFromArray(bytes.constData(), int(bytes.size())))
        return Error{ErrorCode::invalid, QStringLiteral("the refusal cannot be read")};
    if (in.message().size() > peerRefusalBytesMax)
        return Error{ErrorCode::invalid,
                     QStringLiteral("refusal.message: expected at most 3072 bytes")};
    return textOf(in.message());
}

QByteArray encodeAddresses(const QStringList &addresses)
{
    wire::PeerAddresses out;
    for (const QString &address : addresses)
        out.add_address(address.toStdString());
    return bytesOf(out);
}

Result<QStringList> decodeAddresses(const QByteArray &bytes)
{
    wire::PeerAddresses in;
    if (std::size_t(bytes.size()) > peerAddressesBytesMax
        || !in.ParseFromArray(bytes.constData(), int(bytes.size())))
        return Error{ErrorCode::invalid, QStringLiteral("the addresses cannot be read")};
    if (std::size_t(in.address_size()) > peerAddressesMax)
        return Error{
            ErrorCode::invalid,
            QStringLiteral("addresses.address: expected at most %1").arg(peerAddressesMax)};
    QStringList addresses;
    for (const std::string &text : in.address()) {
        const auto address = PeerAddress::parse(textOf(text));
        if (!address)
            return address.error().in(QStringLiteral("addresses.address"));
        addresses.append(address->text());
    }
    return addresses;
}

static QString hex(std::uint64_t id)
{
    return QStringLiteral("%1").arg(id, 16, 16, QLatin1Char('0'));
}

static QString describe(const PeerHello &hello)
{
    return QStringLiteral("node %1 at %2")
        .arg(hex(hello.node.value()),
             hello.address.isEmpty() ? QStringLiteral("an unknown address") : hello.address);
}

std::optional<QString> whyRefused(const PeerHello &own, const PeerHello &other)
{
    const QString both =
        QStringLiteral("%1 and %2").arg(describe(own), describe(other)) + QLatin1Char(' ');
    if (own.versionMax < other.versionMin || other.versionMax < own.versionMin)
        return both
               + QStringLiteral("have no version of the peer protocol in common (%1 to %2, and %3 "
                                "to %4); run versions of cofferd that follow each other")
                     .arg(own.versionMin)
                     .arg(own.versionMax)
                     .arg(other.versionMin)
                     .arg(other.versionMax);
    const bool haveNames = !own.clusterName.isEmpty() && !other.clusterName.isEmpty();
    if (haveNames && own.clusterName != other.clusterName)
        return both
               + QStringLiteral("belong to clusters of different names, \"%1\" and \"%2\"; look at "
                                "--cluster-name and --peers")
                     .arg(own.clusterName, other.clusterName);
    const bool haveClusters = !own.cluster.isNone() && !other.cluster.isNone();
    if (haveClusters && own.cluster != other.cluster)
        return both
               + QStringLiteral("are members of different clusters, %1 and %2; look at --peers, "
                                "and whether a data directory came from elsewhere")
                     .arg(hex(own.cluster.value()), hex(other.cluster.value()));
    if (own.run == other.run && own.node == other.node)
        return QStringLiteral("%1 dialled itself at %2; --advertise-peers has to be its own entry "
                              "of --peers")
            .arg(describe(own), other.address);
    if (own.node == other.node)
        return both
               + QStringLiteral("are two processes with one identity; stop one of them: its data "
                                "directory is a copy, and only the original may run");
    return std::nullopt;
}

} // namespace coffer::net
