// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/message.h"

#include <QByteArrayView>

namespace coffer::fuzz {

/// Gives \a input to a session as one message of a peer, and checks what comes back: as many
/// answers as there are calls that want one, each readable and with an id, and nothing for ever
/// under way.
void feedSession(QByteArrayView input, rpc::Form form);

} // namespace coffer::fuzz
