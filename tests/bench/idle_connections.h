// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace coffer::bench {

/// By how much the memory of this process grows for each of \a count connections to a server in it.
/// The other ends are bare sockets, which cost the process nothing. As many as the limit of open
/// files allows.
[[nodiscard]] double kibibytesPerIdleConnection(int count, bool isWebSocket);

} // namespace coffer::bench
