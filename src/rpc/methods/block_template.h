// getblocktemplate (BIP22, BIP23, BIP9, BIP145).
#pragma once

#include "cairn/rpc/method.h"

namespace cairn::rpc {

Method GetBlockTemplate();

}  // namespace cairn::rpc
