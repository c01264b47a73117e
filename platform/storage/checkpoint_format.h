// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The bytes of checkpoint files and the bounds of what is accepted; docs/formats/checkpoint.md.
/// Values here never change their meaning.
namespace coffer::storage::checkpointFormat {

/// `PRAGMA application_id`: "Cofr".
inline constexpr int applicationId = 0x436f6672;
/// The rows and the header are hashed alike; the header under this number.
inline constexpr std::uint8_t headerTableNumber = 0;
inline constexpr char headerKey[] = "header";

inline constexpr char headerTable[] = "CREATE TABLE header("
                                      "id INTEGER PRIMARY KEY CHECK (id = 1), "
                                      "cluster TEXT NOT NULL, "
                                      "applied INTEGER NOT NULL, "
                                      "state_hash TEXT NOT NULL, "
                                      "configuration BLOB NOT NULL, "
                                      "content_hash TEXT NOT NULL, "
                                      "generation TEXT NOT NULL) STRICT";
/// What follows the name of a table of rows.
inline constexpr char rowTable[] = "(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) "
                                   "WITHOUT ROWID, STRICT";

inline constexpr std::size_t configurationBytesMax = std::size_t(64) << 10;
/// Of a file that is received.
inline constexpr std::uint64_t fileBytesMax = std::uint64_t(256) << 30;
/// Of the text of one table or view.
inline constexpr std::size_t sqlBytesMax = std::size_t(64) << 10;

} // namespace coffer::storage::checkpointFormat
