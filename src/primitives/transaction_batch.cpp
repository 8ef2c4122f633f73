#include "cairn/primitives/transaction_batch.h"

#include <utility>

#include "cairn/base/assert.h"
#include "src/primitives/transaction_parser.h"

namespace cairn {

struct TransactionBatch::State {
  explicit State(Bytes bytes)
      : parts(std::make_shared<TransactionParts>()),
        reader((parts->bytes = std::move(bytes))),
        parser(*parts) {}

  std::shared_ptr<TransactionParts> parts;
  Reader reader;
  TransactionParser parser;
};

TransactionBatch::TransactionBatch(Bytes bytes)
    : state_(std::make_unique<State>(std::move(bytes))) {}

TransactionBatch::~TransactionBatch() = default;

Reader& TransactionBatch::reader() { return state_->reader; }

void TransactionBatch::Read() { state_->parser.Read(state_->reader, WitnessEncoding::kAllowed); }

void TransactionBatch::ReadAll() {
  const size_t count = reader().Count(kLeastTransaction);
  state_->parts->transactions.reserve(count);
  for (size_t i = 0; i < count && reader().ok(); ++i) Read();
}

std::vector<TransactionPtr> TransactionBatch::Finish() {
  CAIRN_ASSERT(reader().ok());
  state_->parser.Finish();
  std::vector<TransactionPtr> transactions;
  transactions.reserve(state_->parts->transactions.size());
  for (const Transaction& transaction : state_->parts->transactions) {
    transactions.emplace_back(state_->parts, &transaction);
  }
  return transactions;
}

}  // namespace cairn
