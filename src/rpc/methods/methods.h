// The method entries of each topic; together they are `AllMethods()`.
#pragma once

#include <vector>

#include "cairn/rpc/method.h"

namespace cairn::rpc {

std::vector<Method> BlockMethods();
std::vector<Method> BlockchainMethods();
std::vector<Method> ChainControlMethods();
std::vector<Method> CoinSetMethods();
std::vector<Method> ConnectionMethods();
std::vector<Method> ControlMethods();
std::vector<Method> DecodeMethods();
std::vector<Method> DeploymentMethods();
std::vector<Method> DescriptorMethods();
std::vector<Method> FilterMethods();
std::vector<Method> MempoolMethods();
std::vector<Method> MempoolFileMethods();
std::vector<Method> PoolMethods();
std::vector<Method> PriorityMethods();
std::vector<Method> FeeMethods();
std::vector<Method> MiningMethods();
std::vector<Method> NetworkMethods();
std::vector<Method> PeerAddressMethods();
std::vector<Method> PeerMethods();
std::vector<Method> ProofMethods();
std::vector<Method> RawTransactionMethods();
std::vector<Method> SendMethods();
std::vector<Method> SignedMessageMethods();
std::vector<Method> StatisticsMethods();
std::vector<Method> StratumMethods();
std::vector<Method> SubmitMethods();
std::vector<Method> TestingMethods();
std::vector<Method> TransactionMethods();
std::vector<Method> WaitingMethods();

}  // namespace cairn::rpc
