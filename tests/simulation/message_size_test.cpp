#include "tests/simulation/message_size.h"

#include <gtest/gtest.h>

#include "tests/support/wire_samples.h"

namespace cairn::simulation {
namespace {

/// One of every command, and beside them empty lists and such as need more than a byte for their
/// length.
std::vector<wire::Message> Samples() {
  std::vector<wire::Message> samples = test::SampleMessages();
  const BlockHash hash = test::HashNumbered(1);
  const std::vector<wire::InvItem> items(260, wire::InvItem::Of(hash));
  const std::vector<TransactionPtr> transactions = test::TransactionsNumbered(0, 300);
  wire::CompactBlock compact = test::SampleCompactBlock();
  compact.short_ids.assign(299, 5);
  compact.prefilled[1].index = 280;
  const std::vector<wire::Message> others = {wire::Pong{},
                                             wire::Inv{items},
                                             wire::GetData{items},
                                             wire::NotFound{},
                                             wire::GetBlocks{},
                                             wire::BlockMessage{test::SampleBlock(300)},
                                             compact,
                                             wire::BlockTxn{hash, transactions}};
  samples.insert(samples.end(), others.begin(), others.end());
  return samples;
}

TEST(MessageSize, IsThatOfTheEncoding) {
  for (const wire::Message& message : Samples()) {
    EXPECT_EQ(PayloadSize(message), wire::EncodePayload(message).size())
        << wire::CommandOf(message);
  }
}

}  // namespace
}  // namespace cairn::simulation
