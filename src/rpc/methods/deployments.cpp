// getdeploymentinfo: which soft forks are in force, and how the votes on the others stand (BIP9).
#include "consensus/deployments.h"

#include <limits>

#include "cairn/rpc/error.h"
#include "src/rpc/fields.h"
#include "src/rpc/methods/common.h"
#include "src/rpc/methods/methods.h"

namespace cairn::rpc {

namespace {

using consensus::Bip9Deployment;
using consensus::Bip9State;

std::string_view StateName(Bip9State state) {
  switch (state) {
    case Bip9State::kDefined: return "defined";
    case Bip9State::kStarted: return "started";
    case Bip9State::kLockedIn: return "locked_in";
    case Bip9State::kActive: return "active";
    case Bip9State::kFailed: return "failed";
  }
  return "invalid";
}

void WriteBuried(json::Writer& out, std::string_view name, int activation, int height) {
  if (activation == std::numeric_limits<int>::max()) return;  // switched off
  out.Key(name).BeginObject();
  out.Key("type").String("buried");
  out.Key("active").Bool(height + 1 >= activation);
  out.Key("height").Int(activation);
  out.EndObject();
}

/// A deployment as it stands at one block.
class DeploymentAt {
 public:
  DeploymentAt(const ledger::HeaderEntry& entry, size_t index, const consensus::Params& params)
      : entry_(entry),
        index_(index),
        params_(params),
        deployment_(params.deployments[index]),
        state_(entry.states.states[index]),
        next_state_(consensus::NextStates(entry.states, ledger::EntryAncestors(&entry), params)
                        .states[index]) {}

  void Write(json::Writer& out) const {
    const bool active = next_state_ == Bip9State::kActive;
    out.Key(deployment_.name).BeginObject();
    out.Key("type").String("bip9");
    if (active) out.Key("height").Int(NextSince());
    out.Key("active").Bool(active);
    out.Key("bip9").BeginObject();
    if (IsVotedOn()) out.Key("bit").Int(deployment_.bit);
    out.Key("start_time").Int(deployment_.start_time);
    out.Key("timeout").Int(deployment_.timeout);
    out.Key("min_activation_height").Int(deployment_.min_activation_height);
    out.Key("status").String(StateName(state_));
    out.Key("since").Int(Since());
    out.Key("status_next").String(StateName(next_state_));
    if (IsVotedOn()) WriteVotes(out);
    out.EndObject();
    out.EndObject();
  }

 private:
  bool IsVotedOn() const { return state_ == Bip9State::kStarted || state_ == Bip9State::kLockedIn; }

  /// The first block that has the present state. States change only where a period begins.
  int Since() const {
    int first = entry_.height - entry_.height % params_.signalling_window;
    while (first > 0 && StateAt(first - params_.signalling_window) == state_) {
      first -= params_.signalling_window;
    }
    return first;
  }

  int NextSince() const { return next_state_ == state_ ? Since() : entry_.height + 1; }

  Bip9State StateAt(int height) const { return entry_.Ancestor(height)->states.states[index_]; }

  void WriteVotes(json::Writer& out) const {
    const int elapsed = 1 + entry_.height % params_.signalling_window;
    std::string votes(static_cast<size_t>(elapsed), '-');
    int count = 0;
    const ledger::HeaderEntry* block = &entry_;
    for (auto vote = votes.rbegin(); vote != votes.rend(); ++vote, block = block->parent) {
      if (!consensus::Signals(block->header.version, deployment_)) continue;
      *vote = '#';
      ++count;
    }
    out.Key("statistics").BeginObject();
    out.Key("period").Int(params_.signalling_window);
    out.Key("elapsed").Int(elapsed);
    out.Key("count").Int(count);
    if (state_ == Bip9State::kStarted) {
      const int may_be_against = params_.signalling_window - params_.signalling_threshold;
      out.Key("threshold").Int(params_.signalling_threshold);
      out.Key("possible").Bool(elapsed - count <= may_be_against);
    }
    out.EndObject();
    out.Key("signalling").String(votes);
  }

  const ledger::HeaderEntry& entry_;
  const size_t index_;
  const consensus::Params& params_;
  const Bip9Deployment& deployment_;
  const Bip9State state_;
  const Bip9State next_state_;
};

void WriteDeployments(json::Writer& out, const ledger::HeaderEntry& entry,
                      const consensus::Params& params) {
  out.BeginObject();
  WriteBuried(out, "bip34", params.heights.bip34, entry.height);
  WriteBuried(out, "bip66", params.heights.bip66, entry.height);
  WriteBuried(out, "bip65", params.heights.bip65, entry.height);
  WriteBuried(out, "csv", params.heights.csv, entry.height);
  WriteBuried(out, "segwit", params.heights.segwit, entry.height);
  for (size_t i = 0; i < params.deployments.size(); ++i) {
    if (params.deployments[i].start_time == Bip9Deployment::kNeverActive) continue;
    DeploymentAt(entry, i, params).Write(out);
  }
  out.EndObject();
}

Field Bip9Field() {
  return Obj("bip9", "How the vote stands; of type \"bip9\" only",
             {Num("bit", "The bit of the version that votes; while there is a vote").Maybe(),
              Time("start_time", "The vote starts with this median time; -1 for active always"),
              Time("timeout", "It fails with this median time, unless it was won before"),
              Num("min_activation_height", "The rule binds no earlier"),
              Str("status", "At this block: defined, started, locked_in, active or failed"),
              Num("since", "The first block that had this status"),
              Str("status_next", "The status at the next block"),
              Obj("statistics", "The votes of this period; while there is a vote",
                  {Num("period", "Blocks in a period"),
                   Num("threshold", "Votes that are needed; while \"started\"").Maybe(),
                   Num("elapsed", "Blocks of the period so far"), Num("count", "Votes among them"),
                   Bool("possible", "Whether this period can still win; while \"started\"")
                       .Maybe()})
                  .Maybe(),
              Str("signalling", "Each block so far: # is a vote, - is none").Maybe()})
      .Maybe();
}

Method GetDeploymentInfo() {
  return {
      .name = "getdeploymentinfo",
      .group = "blockchain",
      .description = "Tells which soft forks are in force, and how votes on others stand (BIP9).",
      .params = {Optional("blockhash", ParamType::kHex, "hash of current chain tip",
                          "The block as of which this is told")},
      .results = {Obj(
          "", "",
          {Hex("hash", "That block's hash"), Num("height", "Its height"),
           Map("deployments", "The soft forks",
               Obj("name", "The soft fork of that name",
                   {Str("type", "\"buried\", bound to a height, or \"bip9\", voted on"),
                    Num("height", "The first block under the rule, where that is known").Maybe(),
                    Bool("active", "Whether the next block is under the rule"), Bip9Field()}))})},
      .examples = {"[]"},
      .handler = [](const Request& request, json::Writer& out) {
        ledger::Ledger& ledger = LedgerOf(request);
        const ledger::HeaderEntry& entry = request.Has("blockhash")
                                               ? FindBlock(request, "blockhash", "blockhash")
                                               : *ledger.View()->tip;
        out.BeginObject();
        out.Key("hash").String(entry.hash.ToString());
        out.Key("height").Int(entry.height);
        out.Key("deployments");
        WriteDeployments(out, entry, ledger.params());
        out.EndObject();
      }};
}

}  // namespace

std::vector<Method> DeploymentMethods() { return {GetDeploymentInfo()}; }

}  // namespace cairn::rpc
