// Answers to requests for block filters (BIP157), from the index.
#pragma once

#include <vector>

#include "cairn/ledger/ledger.h"
#include "cairn/wire/message.h"

namespace cairn::p2p {

/// The request has been checked: its range is sound, and its last block is known. Nothing if the
/// index does not have all of it.
std::vector<wire::Message> ReadFilterReplies(const ledger::Ledger& ledger,
                                             const wire::Message& request);

}  // namespace cairn::p2p
