#include "src/node/option_rows.h"

namespace cairn::node {
namespace {

// Any value of these is accepted, as nothing reads it.

constexpr OptionRow kWallet[] = {
    {"addresstype"},
    {"avoidpartialspends"},
    {"changetype"},
    {"consolidatefeerate"},
    {"dblogsize"},
    {"disablewallet"},
    {"discardfee"},
    {"fallbackfee"},
    {"flushwallet"},
    {"keypool"},
    {"maxapsfee"},
    {"maxtxfee"},
    {"mintxfee"},
    {"paytxfee"},
    {"privdb"},
    {"signer"},
    {"spendzeroconfchange"},
    {"swapbdbendian"},
    {"txconfirmtarget"},
    {"unsafesqlitesync"},
    {"wallet", "", Kind::kText, Effect::kSilent, kNetworkOnly},
    {"walletbroadcast"},
    {"walletcrosschain"},
    {"walletdir"},
    {"walletnotify"},
    {"walletrbf"},
    {"walletrejectlongchains"},
};

constexpr OptionRow kInterface[] = {
    {"choosedatadir"},    {"i2pacceptincoming"},
    {"i2psam"},           {"lang"},
    {"listenonion"},      {"min"},
    {"natpmp"},

    {"resetguisettings"}, {"splash"},
    {"torcontrol"},       {"torpassword", "", Kind::kText, Effect::kSilent, kSecret},
    {"uiplatform"},       {"upnp"},
};

constexpr OptionSection kSections[] = {
    {Group::kWallet, Program::kDaemon, kWallet},
    {Group::kInterface, Program::kDaemon, kInterface},
};

}  // namespace

std::span<const OptionSection> SilentSections() { return kSections; }

}  // namespace cairn::node
