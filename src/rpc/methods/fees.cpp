// Methods that tell what to pay.
#include <algorithm>
#include <array>
#include <cmath>

#include "cairn/mempool/fee_estimator.h"
#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

using mempool::FeeEstimate;
using mempool::FeeHorizon;
using mempool::FeeRate;
using mempool::FeeSpan;

constexpr const char* kNotEnough = "Insufficient data or no feerate found";

Param TargetParam() {
  return Required("conf_target", ParamType::kNumber, "Confirm within so many blocks, 1 to 1008");
}

int TargetOf(const Request& request) {
  const int longest = MempoolOf(request).Fees().LongestTarget();
  const auto target = request.Get("conf_target").AsInt();
  if (!target || *target < 1 || *target > longest) {
    throw RpcError(kInvalidParameter,
                   "Invalid conf_target, must be between 1 and " + std::to_string(longest));
  }
  return static_cast<int>(*target);
}

bool IsConservative(const Request& request) {
  if (!request.Has("estimate_mode")) return false;
  std::string mode = request.Get("estimate_mode").Text();
  std::transform(mode.begin(), mode.end(), mode.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (mode == "conservative") return true;
  if (mode == "economical" || mode == "unset") return false;
  throw RpcError(kInvalidParameter,
                 R"(Invalid estimate_mode parameter, must be one of: "unset", "economical", )"
                 R"("conservative")");
}

Method EstimateSmartFee() {
  return {.name = "estimatesmartfee",
          .group = "util",
          .description =
              "Estimates the fee rate at which a transaction confirms within so many "
              "blocks, from what those had to wait that went through the mempool.",
          .params = {TargetParam(), Optional("estimate_mode", ParamType::kString, "economical",
                                             "economical, or conservative to look further back")},
          .results = {Obj("", "",
                          {Money("feerate", "Per kvB, if there is one").Maybe(),
                           Arr("errors", "If there is none", Str("", "Why")).Maybe(),
                           Num("blocks", "The target that was answered")})},
          .examples = {"[6]"},
          .handler = [](const Request& request, json::Writer& out) {
            mempool::Mempool& pool = MempoolOf(request);
            const int target = TargetOf(request);
            const mempool::SmartFee fee = pool.Fees().Smart(target, IsConservative(request));
            out.BeginObject();
            if (fee.rate) {
              // Less would not get into our own mempool.
              const FeeRate least = std::max(pool.Info().min_fee, pool.options().min_relay_fee);
              out.Key("feerate").Amount(std::max(*fee.rate, least).per_kvb());
            } else {
              out.Key("errors").BeginArray().String(kNotEnough).EndArray();
            }
            out.Key("blocks").Int(fee.blocks);
            out.EndObject();
          }};
}

// --- estimaterawfee

std::vector<Field> SpanFields() {
  return {Num("startrange", "Of the range of fee rates, in satoshis per kvB"),
          Num("endrange", "Likewise"),
          Num("withintarget", "Of its transactions, decayed: those that confirmed in time"),
          Num("totalconfirmed", "Those that confirmed at all"),
          Num("inmempool", "Those that have waited for as long, and still do"),
          Num("leftmempool", "Those that waited for as long, and left unconfirmed")};
}

Field HorizonField(FeeHorizon horizon) {
  return Obj(std::string(NameOf(horizon)), "If it reaches as far as the target",
             {Money("feerate", "Per kvB, if there is one").Maybe(),
              Num("decay", "Of the counts, with each block"), Num("scale", "Blocks in a period"),
              Obj("pass", "The lowest range that confirms in time", SpanFields()).Maybe(),
              Obj("fail", "The highest range that does not", SpanFields()).Maybe(),
              Arr("errors", "If there is no rate", Str("", "Why")).Maybe()})
      .Maybe();
}

double Rounded(double value) { return std::round(value * 100) / 100; }

void WriteSpan(json::Writer& out, const FeeSpan& span) {
  out.BeginObject();
  out.Key("startrange").Double(std::round(span.low));
  out.Key("endrange").Double(std::round(span.high));
  out.Key("withintarget").Double(Rounded(span.within_target));
  out.Key("totalconfirmed").Double(Rounded(span.confirmed));
  out.Key("inmempool").Double(Rounded(span.waiting));
  out.Key("leftmempool").Double(Rounded(span.left));
  out.EndObject();
}

void WriteRawFee(json::Writer& out, const mempool::RawFee& raw) {
  const FeeEstimate& estimate = raw.estimate;
  out.BeginObject();
  if (estimate.rate) out.Key("feerate").Amount(std::llround(*estimate.rate));
  out.Key("decay").Double(raw.decay);
  out.Key("scale").Int(raw.scale);
  if (estimate.rate && estimate.has_pass) WriteSpan(out.Key("pass"), estimate.pass);
  if (estimate.has_fail) WriteSpan(out.Key("fail"), estimate.fail);
  if (!estimate.rate) out.Key("errors").BeginArray().String(kNotEnough).EndArray();
  out.EndObject();
}

Method EstimateRawFee() {
  return {
      .name = "estimaterawfee",
      .group = "hidden",
      .description = "Shows what an estimate of fees is made of. It may change with any version.",
      .params = {TargetParam(),
                 Optional("threshold", ParamType::kNumber, "0.95",
                          "The share of transactions that must have confirmed in time")},
      .results = {Obj("", "",
                      {HorizonField(FeeHorizon::kShort), HorizonField(FeeHorizon::kMedium),
                       HorizonField(FeeHorizon::kLong)})},
      .examples = {"[6, 0.9]"},
      .handler = [](const Request& request, json::Writer& out) {
        const int target = TargetOf(request);
        const double share =
            request.Has("threshold") ? request.Get("threshold").AsDouble().value_or(-1) : 0.95;
        if (!(share >= 0 && share <= 1)) {
          throw RpcError(kInvalidParameter, "Invalid threshold");
        }
        out.BeginObject();
        for (const FeeHorizon horizon : mempool::kFeeHorizons) {
          const auto raw = MempoolOf(request).Fees().Raw(horizon, target, share);
          if (raw) WriteRawFee(out.Key(std::string(NameOf(horizon))), *raw);
        }
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> FeeMethods() { return {EstimateSmartFee(), EstimateRawFee()}; }

}  // namespace cairn::rpc
