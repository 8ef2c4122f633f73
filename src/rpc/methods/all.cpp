#include <iterator>
#include <utility>

#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

const MethodTable& AllMethods() {
  static const MethodTable table = [] {
    std::vector<Method> all;
    for (auto* topic :
         {&BlockMethods,          &BlockchainMethods, &ChainControlMethods,  &CoinSetMethods,
          &ConnectionMethods,     &ControlMethods,    &DecodeMethods,        &DeploymentMethods,
          &DescriptorMethods,     &FeeMethods,        &FilterMethods,        &MempoolFileMethods,
          &MempoolMethods,        &MiningMethods,     &NetworkMethods,       &PeerAddressMethods,
          &PeerMethods,           &PoolMethods,       &PriorityMethods,      &ProofMethods,
          &RawTransactionMethods, &SendMethods,       &SignedMessageMethods, &StatisticsMethods,
          &StratumMethods,        &SubmitMethods,     &TestingMethods,       &TransactionMethods,
          &WaitingMethods}) {
      std::vector<Method> methods = topic();
      std::move(methods.begin(), methods.end(), std::back_inserter(all));
    }
    return MethodTable(std::move(all));
  }();
  return table;
}

}  // namespace cairn::rpc
