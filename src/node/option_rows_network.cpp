#include "src/node/option_rows.h"

namespace cairn::node {
namespace {

using enum Kind;
using enum Effect;

constexpr OptionRow kConnection[] = {
    {"addnode", "<host>", kList, kActedOn, kNetworkOnly, "",
     "A peer to stay connected to. May be given several times."},
    {"asmap", "<file>", kText, kNotYet, kPlain, "",
     "Map of networks, for spreading the peers over them."},
    {"bantime", "<seconds>", kInt, kActedOn, kPlain, "86400", "How long a ban by setban lasts."},
    {"bind", "<address>[:<port>][=onion]", kList, kActedOn, kNetworkOnly, "every address",
     "Listen for peers here. May be given several times."},
    {"cjdnsreachable", "", kFlag, kActedOn, kPlain, "0", "Addresses of fc00::/8 are CJDNS."},
    {"connect", "<host>", kList, kActedOn, kNetworkOnly, "",
     "Connect to this peer and seek no others; 0 seeks none at all. May be given several times."},
    {"discover", "", kFlag, kActedOn, kPlain, "1", "Find out our own addresses."},
    {"dns", "", kFlag, kActedOn, kPlain, "1", "Look up host names of peers."},
    {"dnsseed", "", kFlag, kActedOn, kPlain, "1", "Ask DNS seeds when few addresses are known."},
    {"externalip", "<address>", kList, kActedOn, kPlain, "",
     "Our own public address. May be given several times."},
    {"fixedseeds", "", kFlag, kActedOn, kPlain, "1",
     "Use the built-in addresses when no seed answers."},
    {"forcednsseed", "", kFlag, kActedOn, kPlain, "0", "Ask DNS seeds in any case."},
    {"listen", "", kFlag, kActedOn, kPlain, "1", "Accept connections of peers."},
    {"maxconnections", "<n>", kInt, kActedOn, kPlain, "125", "The most connections to peers."},
    {"maxreceivebuffer", "<kB>", kInt, kActedOn, kPlain, "5000",
     "Bytes waiting per peer, inbound."},
    {"maxsendbuffer", "<kB>", kInt, kActedOn, kPlain, "1000", "Bytes waiting per peer, outbound."},
    {"maxuploadtarget", "<n>[k|K|m|M|g|G|t|T]", kText, kActedOn, kPlain, "0 = no limit",
     "Bytes to send in 24 hours; MiB without a unit."},
    {"networkactive", "", kFlag, kActedOn, kPlain, "1", "Have a peer-to-peer network at all."},
    {"onion", "<address:port>", kText, kActedOn, kPlain, "as -proxy",
     "The SOCKS5 proxy for onion peers."},
    {"onlynet", "<network>", kList, kActedOn, kPlain, "",
     "Seek peers on this network only: ipv4, ipv6, onion, i2p, cjdns. May be given several times."},
    {"peerblockfilters", "", kFlag, kActedOn, kPlain, "0", "Serve compact block filters (BIP157)."},
    {"peerbloomfilters", "", kFlag, kActedOn, kPlain, "0", "Serve bloom-filtered blocks (BIP37)."},
    {"peertimeout", "<seconds>", kInt, kActedOn, kDebugOnly, "60",
     "Silence after which a peer is dropped."},
    {"port", "<port>", kInt, kActedOn, kNetworkOnly, "per chain", "Listen for peers on this port."},
    {"proxy", "<address:port>", kText, kActedOn, kPlain, "",
     "Reach peers through this SOCKS5 proxy."},
    {"proxyrandomize", "", kFlag, kActedOn, kPlain, "1", "Fresh proxy credentials for each peer."},
    {"seednode", "<host>", kList, kActedOn, kPlain, "",
     "A peer to ask for addresses and then leave. May be given several times."},
    {"timeout", "<ms>", kInt, kActedOn, kPlain, "5000", "How long connecting may take."},
    {"txreconciliation", "", kFlag, kActedOn, kDebugOnly, "0",
     "Reconcile transactions with peers (BIP330)."},
    {"v2transport", "", kFlag, kSilent, kPlain, "", "Only the unencrypted transport is built in."},
    {"whitebind", "<[permissions@]address>", kList, kActedOn, kPlain, "",
     "Listen here and give permissions to who connects. May be given several times."},
    {"whitelist", "<[permissions@]network>", kList, kActedOn, kPlain, "",
     "Give permissions to peers of this network. May be given several times."},
};

constexpr OptionRow kRelay[] = {
    {"acceptnonstdtxn", "", kFlag, kActedOn, kDebugOnly, "per chain",
     "Relay and mine transactions that are not standard. Never on mainnet."},
    {"bytespersigop", "<n>", kInt, kActedOn, kPlain, "20",
     "Bytes that a signature check counts as."},
    {"datacarrier", "", kFlag, kActedOn, kPlain, "1", "Relay and mine outputs that carry data."},
    {"datacarriersize", "<bytes>", kInt, kActedOn, kPlain, "83", "The largest such output script."},
    {"dustrelayfee", "<BTC/kvB>", kText, kActedOn, kDebugOnly, "0.00003000",
     "Fee rate that says which outputs are dust."},
    {"incrementalrelayfee", "<BTC/kvB>", kText, kActedOn, kDebugOnly, "0.00001000",
     "Fee rate that a replacement must pay on top."},
    {"mempoolfullrbf", "", kFlag, kActedOn, kPlain, "1",
     "Replacement does not need a signal (BIP125)."},
    {"minrelaytxfee", "<BTC/kvB>", kText, kActedOn, kPlain, "0.00001000",
     "The least fee rate worth relaying."},
    {"permitbaremultisig", "", kFlag, kActedOn, kPlain, "1", "Relay outputs of bare multisig."},
    {"whitelistforcerelay", "", kFlag, kActedOn, kPlain, "0",
     "Peers with permissions get forcerelay among them."},
    {"whitelistrelay", "", kFlag, kActedOn, kPlain, "1",
     "Peers with permissions get relay among them."},
};

constexpr OptionRow kMining[] = {
    {"blockmaxweight", "<n>", kInt, kActedOn, kPlain, "4000000",
     "The largest weight of a template."},
    {"blockmintxfee", "<BTC/kvB>", kText, kActedOn, kPlain, "0.00001000",
     "The least fee rate in a template."},
    {"blockreservedweight", "<n>", kInt, kActedOn, kPlain, "8000",
     "Weight kept free for header and coinbase."},
    {"blockversion", "<n>", kInt, kActedOn, kDebugOnly, "",
     "The version of blocks that we make, where they are mined on demand (regtest)."},
    {"mine", "<address>", kText, kActedOn, kPlain, "",
     "Mine blocks that pay to this address or descriptor. Not where blocks must be signed "
     "(signet)."},
    {"mineinterval", "<seconds>", kInt, kActedOn, kPlain, "0",
     "The least time between two mined blocks."},
    {"minerkernel", "<name>", kText, kActedOn, kPlain, "auto",
     "How to hash headers: auto, or portable, sse4, avx2, avx512, shani, neon where the processor "
     "can."},
    {"minethreads", "<n>", kInt, kActedOn, kPlain, "1", "Threads that search, at idle priority."},
    {"pool", "<url>", kList, kActedOn, kSecret, "",
     "Mine for this Stratum pool, instead of -mine: stratum+tcp://user:password@host:port, or "
     "stratum+ssl:// for TLS. May be given several times, the best first."},
    {"poolcafile", "<file>", kText, kActedOn, kPlain, "the system's",
     "The certificates to trust for stratum+ssl. A relative path starts at the network's data "
     "directory."},
    {"stratum", "<host>:<port>", kText, kActedOn, kPlain, "",
     "Serve jobs to miners there, by the Stratum protocol; their names are ADDRESS or "
     "ADDRESS.WORKER. Not where blocks must be signed (signet)."},
    {"stratumdifficulty", "<n>", kText, kActedOn, kPlain, "1, or the block's if that is less",
     "The difficulty of shares of new miners, and the least of all."},
    {"stratumpayout", "solo|pplns", kText, kActedOn, kPlain, "solo",
     "Whom a block pays that a miner finds: its own address, or by the last shares those of all "
     "who worked."},
};

constexpr OptionRow kRpcOfBoth[] = {
    {"rpccookiefile", "<file>", kText, kActedOn, kPlain, ".cookie",
     "The authentication cookie. A relative path starts at the network's data directory."},
    {"rpcpassword", "<password>", kText, kActedOn, kSecret, "", "Password for RPC."},
    {"rpcport", "<port>", kInt, kActedOn, kNetworkOnly, "per chain", "Port of the RPC server."},
    {"rpcuser", "<name>", kText, kActedOn, kSecret, "", "User name for RPC."},
};

constexpr OptionRow kRpc[] = {
    {"rest", "", kFlag, kNotYet, kPlain, "0", "Answer unauthenticated REST requests."},
    {"rpcallowip", "<network>", kList, kActedOn, kPlain, "",
     "Who may connect besides this machine: an address, a network/bits or network/mask. May be "
     "given several times."},
    {"rpcauth", "<user>:<salt>$<hash>", kList, kActedOn, kSecret, "",
     "A user whose password is known as its HMAC-SHA256 only. May be given several times."},
    {"rpcbind", "<address>[:<port>]", kList, kActedOn, kNetworkOnly, "127.0.0.1 and ::1",
     "Listen here; ignored without -rpcallowip. May be given several times."},
    {"rpccookieperms", "owner|group|all", kText, kActedOn, kPlain, "owner",
     "Who may read the cookie."},
    {"rpcdoccheck", "", kFlag, kSilent, kDebugOnly, "",
     "Results are generated from their description."},
    {"rpcservertimeout", "<seconds>", kInt, kActedOn, kDebugOnly, "30",
     "How long a connection may be idle."},
    {"rpcthreads", "<n>", kInt, kActedOn, kPlain, "4", "Threads that work on requests."},
    {"rpcwhitelist", "<user>:<method>,...", kList, kActedOn, kPlain, "",
     "The methods that a user may call. May be given several times."},
    {"rpcwhitelistdefault", "", kFlag, kActedOn, kPlain, "1 with any -rpcwhitelist",
     "Users without a list may call nothing."},
    {"rpcworkqueue", "<n>", kInt, kActedOn, kDebugOnly, "64",
     "Requests that may wait for a thread."},
    {"server", "", kFlag, kActedOn, kPlain, "1", "Serve RPC."},
};

constexpr OptionRow kClient[] = {
    {"addrinfo", "", kFlag, kNotYet, kPlain, "", "Count the known peer addresses by network."},
    {"color", "always|auto|never", kText, kActedOn, kPlain, "auto",
     "Colours in the output of -getinfo."},
    {"generate", "", kFlag, kNotYet, kPlain, "", "Mine blocks to an address of the wallet."},
    {"getinfo", "", kFlag, kActedOn, kPlain, "", "A short summary of the node."},
    {"named", "", kFlag, kActedOn, kPlain, "0", "Arguments are NAME=VALUE."},
    {"netinfo", "", kIntOrFlag, kNotYet, kPlain, "", "A table of the peers."},
    {"rpcclienttimeout", "<seconds>", kInt, kActedOn, kPlain, "900",
     "How long to wait for an answer; 0 is for ever."},
    {"rpcconnect", "<host>", kText, kActedOn, kPlain, "127.0.0.1", "The machine to connect to."},
    {"rpcwait", "", kFlag, kActedOn, kPlain, "0", "Wait until the server answers."},
    {"rpcwaittimeout", "<seconds>", kInt, kActedOn, kPlain, "0",
     "How long to wait for that; 0 is for ever."},
    {"rpcwallet", "<name>", kText, kActedOn, kPlain, "", "Send to the path /wallet/NAME."},
    {"stdin", "", kFlag, kActedOn, kPlain, "0",
     "Read further arguments from standard input, one per line."},
    {"stdinrpcpass", "", kFlag, kActedOn, kPlain, "0",
     "Read the RPC password from standard input, first of all."},
    {"stdinwalletpassphrase", "", kFlag, kNotYet, kPlain, "0",
     "Read the wallet's passphrase from standard input."},
};

constexpr OptionRow kZmq[] = {
    {"zmqpubhashblock", "<address>", kList, kNotYet, kPlain, "", "Publish hashes of blocks here."},
    {"zmqpubhashblockhwm", "<n>", kInt, kNotYet, kPlain, "1000", "Messages that may wait."},
    {"zmqpubhashtx", "<address>", kList, kNotYet, kPlain, "", "Publish ids of transactions here."},
    {"zmqpubhashtxhwm", "<n>", kInt, kNotYet, kPlain, "1000", "Messages that may wait."},
    {"zmqpubrawblock", "<address>", kList, kNotYet, kPlain, "", "Publish blocks here."},
    {"zmqpubrawblockhwm", "<n>", kInt, kNotYet, kPlain, "1000", "Messages that may wait."},
    {"zmqpubrawtx", "<address>", kList, kNotYet, kPlain, "", "Publish transactions here."},
    {"zmqpubrawtxhwm", "<n>", kInt, kNotYet, kPlain, "1000", "Messages that may wait."},
    {"zmqpubsequence", "<address>", kList, kNotYet, kPlain, "",
     "Publish every change of chain and mempool here."},
    {"zmqpubsequencehwm", "<n>", kInt, kNotYet, kPlain, "1000", "Messages that may wait."},
};

constexpr OptionSection kSections[] = {
    {Group::kConnection, Program::kDaemon, kConnection},
    {Group::kRelay, Program::kDaemon, kRelay},
    {Group::kMining, Program::kDaemon, kMining},
    {Group::kRpc, Program::kBoth, kRpcOfBoth},
    {Group::kRpc, Program::kDaemon, kRpc},
    {Group::kClient, Program::kClient, kClient},
    {Group::kZmq, Program::kDaemon, kZmq},
};

}  // namespace

std::span<const OptionSection> NetworkSections() { return kSections; }

}  // namespace cairn::node
