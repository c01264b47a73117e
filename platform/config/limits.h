// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Bounds of configuration (docs/formats/goconf.md).
namespace coffer::config::limits {

inline constexpr std::size_t nameBytesMax = 128;     ///< Of a service, IDC, section, key, host.
inline constexpr std::size_t filePathBytesMax = 512; ///< Of a file or output below its target.
inline constexpr std::size_t valueBytesMax = std::size_t(128) << 10; ///< A key fits a chunk.
inline constexpr std::size_t commentBytesMax = 16'384;
inline constexpr std::size_t choicesMax = 256; ///< Words of an enum, each as long as a name.
inline constexpr std::size_t changeBytesMax = std::size_t(3) << 20; ///< As JSON, escapes included.
inline constexpr std::size_t fileBytesMax = std::size_t(16) << 20;
inline constexpr std::size_t serviceBytesMax = std::size_t(64) << 20; ///< Values and files.
inline constexpr std::size_t keysMax = 200'000;                       ///< Of one layer.
inline constexpr std::size_t filesMax = 10'000;         ///< Files and outputs of one layer.
inline constexpr std::size_t tombstonesMax = 10'000;    ///< Of one layer.
inline constexpr std::size_t outputSectionsMax = 1'000; ///< That an output names.
inline constexpr std::size_t chunkBytesMax = std::size_t(256) << 10; ///< One object in the store.
inline constexpr std::size_t nodesMax =
    100'000; ///< Of a parsed YAML, JSON or TOML text, aliases expanded.
inline constexpr std::size_t tomlBytesMax = std::size_t(4) << 20; ///< Of a TOML text.
inline constexpr int depthMax = 64;                               ///< Of the same.

} // namespace coffer::config::limits
