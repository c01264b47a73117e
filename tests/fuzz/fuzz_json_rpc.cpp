// SPDX-License-Identifier: Apache-2.0
#include "fuzz/rpc_input.h"

/// The input is one text message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    coffer::fuzz::feedSession(QByteArrayView(data, qsizetype(size)), coffer::rpc::Form::json);
    return 0;
}
