// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/spawn.h"

// coffer::spawn() for rooms that see rpc but not net.
