// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "engine/codec.h"

namespace coffer::engine {

/// Random values of everything the codec knows, all of them such that a decoder takes them.
///
/// The same seed gives the same values. Numbers are often at an end of their range.
class CodecSamples
{
public:
    explicit CodecSamples(std::uint64_t seed) : m_random(seed) {}

    static constexpr std::size_t kinds =
        std::variant_size_v<consensus::Message> + std::variant_size_v<EngineMessage>;
    static constexpr std::size_t recordKinds = std::variant_size_v<consensus::Record>;
    /// As in peer.proto.
    [[nodiscard]] static const char *name(std::size_t kind);

    [[nodiscard]] PeerFrame frame(std::size_t kind);
    [[nodiscard]] codec::Batch batch();
    [[nodiscard]] consensus::Record record(std::size_t kind);
    [[nodiscard]] Founding founding();
    [[nodiscard]] consensus::Configuration configuration();
    [[nodiscard]] consensus::MemberSet members();
    [[nodiscard]] consensus::Entry entry();

    [[nodiscard]] std::uint64_t number(); ///< Any.
    [[nodiscard]] std::uint64_t positive() { return number() | 1; }
    [[nodiscard]] QByteArray bytes(std::size_t bytesMax);

private:
    [[nodiscard]] bool chance() { return m_random.below(2) == 0; }
    [[nodiscard]] Ballot ballot() { return {Epoch(positive()), number(), NodeId(positive())}; }
    [[nodiscard]] Slot slot() { return Slot(positive()); }
    [[nodiscard]] WallMs wall() { return WallMs(static_cast<std::int64_t>(number())); }
    [[nodiscard]] QString text();
    [[nodiscard]] std::vector<QString> peers();
    [[nodiscard]] consensus::Promise promise();
    [[nodiscard]] consensus::Chosen chosen();
    [[nodiscard]] consensus::Standing standing();
    [[nodiscard]] consensus::Message message(std::size_t kind);
    [[nodiscard]] EngineMessage engineMessage(std::size_t kind);

    SeededRandom m_random;
};

} // namespace coffer::engine
