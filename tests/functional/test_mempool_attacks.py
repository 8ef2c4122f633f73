"""Who would fill the pool, block others' transactions, or keep the node busy with what it refuses: with what words it
is refused, what admission takes, and that the node answers others meanwhile and keeps its memory.

A line for each attack says its figures. CAIRN_LONG_TESTS=1 repeats them more often.
"""

import dataclasses
import hashlib
import os
import unittest

import bitcoin
from bitcoin.core import CMutableTransaction, CMutableTxIn, CMutableTxOut, COutPoint
from bitcoin.core import CTxInWitness, CTxWitness, Hash160, b2lx, lx
from bitcoin.core.script import (
    OP_0,
    OP_1,
    OP_2DROP,
    OP_2DUP,
    OP_3,
    OP_4,
    OP_CHECKMULTISIG,
    OP_CHECKSIG,
    OP_CHECKSIGVERIFY,
    OP_CODESEPARATOR,
    OP_DROP,
    OP_EQUAL,
    OP_HASH160,
    OP_NOP1,
    OP_TRUE,
    SIGHASH_ALL,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from bitcoin.wallet import CBitcoinSecret

from framework.attack import MOST_EACH, Attack
from framework.case import FunctionalTest
from framework.node import wait_until

THOROUGH = bool(os.environ.get("CAIRN_LONG_TESTS"))
TIMES = 5 if THOROUGH else 1
COIN = 100_000_000

TRUE = CScript([OP_TRUE])
FREE = CScript([OP_0, hashlib.sha256(TRUE).digest()])  # anybody's coin: standard, and needs no signature
SMALL = 1000  # satoshis


def program_of(script):
    """The output that a witness script is spent from."""
    return CScript([OP_0, hashlib.sha256(script).digest()])


@dataclasses.dataclass(frozen=True)
class Coin:
    txid: str
    index: int
    value: int


class Loose:
    """A transaction, and what others can spend of it. It pays `fee`, or `rate` for each byte, and shares out the rest;
    `padding` is the number of small outputs behind the others."""

    def __init__(self, coins, scripts=(FREE,), rate=1, fee=None, witness=(TRUE,), version=2, padding=0):
        inputs = [CMutableTxIn(COutPoint(lx(coin.txid), coin.index), nSequence=0xFFFFFFFD) for coin in coins]
        outputs = [CMutableTxOut(0, script) for script in scripts]
        small = [CMutableTxOut(SMALL, FREE) for _ in range(padding)]
        self.tx = CMutableTransaction(inputs, outputs + small, nVersion=version)
        stripped = len(self.tx.serialize())
        self.tx.wit = CTxWitness([CTxInWitness(CScriptWitness(witness))] * len(coins) if witness else [])
        self.vsize = (3 * stripped + len(self.tx.serialize()) + 3) // 4
        self.fee = self.vsize * rate if fee is None else fee
        share, rest = divmod(sum(coin.value for coin in coins) - self.fee - padding * SMALL, len(outputs))
        for output in outputs:
            output.nValue = share
        outputs[0].nValue += rest

    @property
    def raw(self):
        return self.tx.serialize().hex()

    @property
    def txid(self):
        return b2lx(self.tx.GetTxid())

    @property
    def coins(self):
        txid = self.txid
        return [Coin(txid, index, output.nValue) for index, output in enumerate(self.tx.vout)]


class AttackTest(FunctionalTest):
    options = ()

    def setUp(self):
        super().setUp()
        bitcoin.SelectParams("regtest")
        self.node = self.start_node("-debug=0", *self.options)
        self.rpc = self.node.rpc
        wait_until(lambda: self.rpc.getmempoolinfo()["loaded"], what="the saved pool")
        self.next_coinbase = 1
        self.mine(130)

    def mine(self, count=1):
        self.rpc.generatetodescriptor(count, f"raw({FREE.hex()})")

    def fund(self, scripts):
        """Confirmed coins for output scripts, which share a coinbase."""
        block = self.rpc.getblock(self.rpc.getblockhash(self.next_coinbase), 2)
        self.next_coinbase += 1
        loose = Loose([Coin(block["tx"][0]["txid"], 0, 50 * COIN)], scripts, rate=20)
        self.rpc.sendrawtransaction(loose.raw, 0)
        self.mine()
        return loose.coins

    def attack(self, name, *limits):
        return Attack(name, self.node, *limits)

    def chain(self, attack, coin, length, **settings):
        """Transactions that each spend the last one's first output, all of which get in."""
        links = []
        for _ in range(length):
            links.append(Loose([coin], **settings))
            self.assertEqual(attack.send(links[-1]), "")
            coin = links[-1].coins[0]
        return links

    def pool(self):
        return set(self.rpc.getrawmempool())


class Pinning(AttackTest):
    """Descendants that shall keep a transaction from being replaced, or from getting a child that pays for it."""

    def test_long_chain(self):
        with self.attack("pinning by a long chain") as attack:
            for coin in self.fund([FREE] * 4 * TIMES):
                parent = Loose([coin], [FREE] * 3)
                self.assertEqual(attack.send(parent), "")
                chain = self.chain(attack, parent.coins[0], 24)
                fees = parent.fee + sum(link.fee for link in chain)
                # One small child of the parent alone has a place of its own (the carve-out), not two.
                self.assertEqual(attack.send(Loose(parent.coins[1:2], rate=50)), "")
                reason = attack.send(Loose(parent.coins[2:], rate=50))
                self.assertEqual(
                    reason, f"too-long-mempool-chain, too many descendants for tx {parent.txid} [limit: 25]"
                )
                self.assertEqual(len(self.pool()), 26)
                fees += 50 * Loose(parent.coins[1:2]).vsize

                poor = Loose([coin], [FREE] * 3, fee=fees - 1)
                self.assertRegex(
                    attack.send(poor),
                    rf"^insufficient fee, rejecting replacement {poor.txid}, less fees than conflicting txs; "
                    r"0\.\d+ < 0\.\d+$",
                )
                thrifty = Loose([coin], [FREE] * 3, fee=fees + poor.vsize - 1)
                self.assertRegex(
                    attack.send(thrifty),
                    rf"^insufficient fee, rejecting replacement {thrifty.txid}, not enough additional fees to relay; ",
                )
                fair = Loose([coin], [FREE] * 3, fee=fees + poor.vsize)
                self.assertEqual(attack.send(fair), "")
                self.assertEqual(self.pool(), {fair.txid})
                self.mine()

    def test_heavy_child(self):
        with self.attack("pinning by a heavy child") as attack:
            for coin in self.fund([FREE] * 4 * TIMES):
                parent = Loose([coin], [FREE] * 3, rate=2)
                self.assertEqual(attack.send(parent), "")
                heavy = Loose(parent.coins[:1], padding=2280)
                self.assertGreater(heavy.vsize, 98_000)
                self.assertEqual(attack.send(heavy), "")
                reason = attack.send(Loose(parent.coins[1:2], rate=50, padding=240))
                self.assertEqual(
                    reason,
                    f"too-long-mempool-chain, exceeds descendant size limit for tx {parent.txid} [limit: 101000]",
                )
                self.assertEqual(attack.send(Loose(parent.coins[1:2], rate=50)), "")
                # The rate alone does not replace it: what the heavy child pays counts too.
                quick = Loose([coin], [FREE] * 3, rate=100)
                self.assertIn("less fees than conflicting txs", attack.send(quick))
                self.assertEqual(len(self.pool()), 3)
                dear = Loose([coin], [FREE] * 3, rate=600)
                self.assertEqual(attack.send(dear), "")
                self.assertEqual(self.pool(), {dear.txid})

                # A parent of version 3 does not get such children.
                (guarded,) = self.chain(attack, dear.coins[0], 1, rate=1)
                self.mine()
                (guarded,) = self.chain(attack, guarded.coins[0], 1, scripts=[FREE] * 2, version=3)
                child = Loose(guarded.coins[:1], version=3, padding=24)
                reason = attack.send(child)
                self.assertIn(f"TRUC-violation, version=3 child tx {child.txid} (wtxid=", reason)
                self.assertIn(f") is too big: {child.vsize} > 1000 virtual bytes", reason)
                # Nor do two children stand in each other's way.
                first, second = (Loose([coin], version=3, rate=rate) for coin, rate in zip(guarded.coins, (1, 9)))
                self.assertEqual(attack.send(first), "")
                self.assertEqual(attack.send(second), "")
                self.assertEqual(self.pool(), {guarded.txid, second.txid})
                self.mine()

    def test_many_evictions(self):
        with self.attack("pinning by more than 100 evictions") as attack:
            for _ in range(TIMES):
                coins = self.fund([FREE] * 5)
                for coin in coins[:4]:
                    self.chain(attack, coin, 25)
                self.chain(attack, coins[4], 1)
                self.assertEqual(len(self.pool()), 101)
                greedy = Loose(coins, rate=1000)
                self.assertEqual(
                    attack.send(greedy).rstrip("\n"),
                    f"too many potential replacements, rejecting replacement {greedy.txid}; "
                    "too many potential replacements (101 > 100)",
                )
                self.assertEqual(len(self.pool()), 101)
                modest = Loose(coins[:4], rate=1000)
                self.assertEqual(attack.send(modest), "")
                self.assertEqual(len(self.pool()), 2)
                self.mine()


class Chains(AttackTest):
    def test_long_chains(self):
        coins = self.fund([FREE] * 12 * TIMES)
        with self.attack("long chains") as attack:
            for coin in coins:
                last = self.chain(attack, coin, 25)[-1]
                self.assertEqual(
                    attack.send(Loose(last.coins)),
                    "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]",
                )
            self.assertEqual(len(self.pool()), 25 * len(coins))

    def test_wide_families(self):
        coins = self.fund([FREE] * 26 * TIMES)
        with self.attack("wide families") as attack:
            for start in range(0, len(coins), 26):
                parents = [self.chain(attack, coin, 1)[0] for coin in coins[start : start + 26]]
                reason = attack.send(Loose([parent.coins[0] for parent in parents[:25]]))
                self.assertEqual(reason, "too-long-mempool-chain, too many unconfirmed parents [limit: 25]")
                gathered = Loose([parent.coins[0] for parent in parents[:24]], [FREE] * 2)
                self.assertEqual(attack.send(gathered), "")
                reason = attack.send(Loose(gathered.coins[:1]))
                self.assertEqual(reason, "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]")
                fan = Loose(parents[25].coins, [FREE] * 25)
                self.assertEqual(attack.send(fan), "")
                for coin in fan.coins[:23]:
                    self.chain(attack, coin, 1)
                # Grandchildren and further children find no place.
                reason = attack.send(Loose(fan.coins[23:24]))
                self.assertEqual(
                    reason, f"too-long-mempool-chain, too many descendants for tx {parents[25].txid} [limit: 25]"
                )

    def test_heavy_families(self):
        coins = self.fund([FREE] * 6 * TIMES)
        with self.attack("heavy families") as attack:
            for start in range(0, len(coins), 3):
                first, second = self.chain(attack, coins[start], 2, padding=1150)
                self.assertEqual(
                    attack.send(Loose(second.coins[:1], padding=300)),
                    f"too-long-mempool-chain, exceeds descendant size limit for tx {first.txid} [limit: 101000]",
                )
                parents = [self.chain(attack, coin, 1, padding=1150)[0] for coin in coins[start + 1 : start + 3]]
                self.assertEqual(
                    attack.send(Loose([parent.coins[0] for parent in parents], padding=60)),
                    "too-long-mempool-chain, exceeds ancestor size limit [limit: 101000]",
                )


class Replacements(AttackTest):
    def test_storm(self):
        (coin,) = self.fund([FREE])
        count = 300 * TIMES
        with self.attack("replacements that pay a satoshi more") as attack:
            last = Loose([coin])
            self.assertEqual(attack.send(last), "")
            base, got_in = last.fee, 0
            for extra in range(count):
                rival = Loose([coin], [FREE], fee=base + extra + 1)
                reason = attack.send(rival)
                if rival.fee - last.fee >= rival.vsize:
                    self.assertEqual(reason, "")
                    last, got_in = rival, got_in + 1
                else:
                    self.assertRegex(
                        reason,
                        f"^insufficient fee, rejecting replacement {rival.txid}, not enough additional fees to relay; ",
                    )
                self.assertEqual(self.pool(), {last.txid})
            self.assertEqual(got_in, count // last.vsize)
        with self.attack("replacements that do not pay more") as attack:
            for number in range(count):
                rival = Loose([coin], [FREE, FREE], fee=last.fee)
                rival.tx.vout[0].nValue -= number
                rival.tx.vout[1].nValue += number
                self.assertRegex(
                    attack.send(rival),
                    rf"^insufficient fee, rejecting replacement {rival.txid}; new feerate 0\.\d+ BTC/kvB <= ",
                )
        with self.attack("replacements that pay enough") as attack:
            for _ in range(count):
                last = Loose([coin], fee=last.fee + last.vsize)
                self.assertEqual(attack.send(last), "")
            self.assertEqual(self.pool(), {last.txid})
            self.assertEqual(self.rpc.getmempoolinfo()["size"], 1)

    def test_storm_of_families(self):
        coins = self.fund([FREE] * 4)
        fee = 1000
        with self.attack("replacements of whole families") as attack:
            for _ in range(5 * TIMES):
                for coin in coins:
                    self.chain(attack, coin, 25, fee=fee)
                self.assertEqual(len(self.pool()), 100)
                joined = Loose(coins, [FREE] * 4, fee=110 * fee)
                self.assertEqual(attack.send(joined), "")
                self.assertEqual(self.pool(), {joined.txid})
                self.mine()
                coins = joined.coins


class Floods(AttackTest):
    options = ("-maxmempool=5",)

    def test_small_fees_and_dust(self):
        coins = self.fund([FREE] * 500)
        with self.attack("transactions that pay less than their relay") as attack:
            for _ in range(2 * TIMES):
                for number, coin in enumerate(coins):
                    loose = Loose([coin], fee=number % 90)
                    wanted = f"min relay fee not met, {loose.fee} < {loose.vsize}"
                    self.assertEqual(attack.send(loose), wanted)
        with self.attack("outputs of a satoshi") as attack:
            for _ in range(2 * TIMES):
                for number, coin in enumerate(coins):
                    loose = Loose([coin], padding=1)
                    loose.tx.vout[1].nValue = (1, 2, 329)[number % 3]
                    self.assertEqual(attack.send(loose), "dust")
        self.assertEqual(self.pool(), set())
        edge = Loose(coins[:1], padding=1)
        edge.tx.vout[1].nValue = 330
        self.rpc.sendrawtransaction(edge.raw, 0)

    def test_full_pool(self):
        coins = sum((self.fund([FREE] * 120) for _ in range(TIMES)), [])
        late = Loose(self.fund([FREE]))
        with self.attack("a pool of 5 MB that is filled again and again") as attack:
            worst = 0
            for number, coin in enumerate(coins):
                reason = attack.send(Loose([coin], rate=1 + number // TIMES, padding=2280))
                self.assertIn(reason.split(",")[0], ("", "mempool full", "mempool min fee not met"))
                info = self.rpc.getmempoolinfo()
                worst = max(worst, info["usage"])
                self.assertLessEqual(info["usage"], info["maxmempool"])
            self.assertGreater(info["mempoolminfee"], info["minrelaytxfee"])
            self.assertRegex(attack.send(late), r"^mempool min fee not met, \d+ < \d+$")
            self.assertGreater(worst, 4_000_000)


class Witnesses(AttackTest):
    def test_huge_witnesses(self):
        filler = [b"\1" * 520, OP_DROP]
        long_script = CScript(filler * 6 + [b"\1" * 447, OP_DROP, OP_TRUE])
        self.assertEqual(len(long_script), 3600 - 4)
        long_script = CScript(bytes(long_script)[:-1] + b"\x61" * 4 + b"\x51")  # OP_NOP
        too_long = CScript(bytes(long_script)[:-1] + b"\x61\x51")
        longest = CScript(filler * 18 + [b"\1" * 520, OP_DROP, b"\1" * 39, OP_DROP, OP_TRUE])
        longest = CScript(bytes(longest)[:-1] + b"\x61" * (10_000 - len(longest)) + b"\x51")
        self.assertEqual((len(long_script), len(too_long), len(longest)), (3600, 3601, 10_000))
        hundred = CScript([OP_2DROP] * 50 + [OP_TRUE])
        hundred_one = CScript([OP_2DROP] * 50 + [OP_DROP, OP_TRUE])
        one = CScript([OP_DROP, OP_TRUE])
        taproot = CScript(bytes.fromhex("5120" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
        leaf = [b"\x51", b"\xc0" + b"\1" * 32]
        refused = "bad-witness-nonstandard"
        mismatch = "mandatory-script-verify-flag-failed (Witness program hash mismatch)"
        spends = [
            ("", program_of(long_script), [long_script]),
            (refused, program_of(too_long), [too_long]),
            (refused, program_of(longest), [longest]),
            ("", program_of(hundred), [b"\1" * 80] * 100 + [hundred]),
            (refused, program_of(hundred_one), [b""] * 101 + [hundred_one]),
            ("", program_of(one), [b"\1" * 80, one]),
            (refused, program_of(one), [b"\1" * 81, one]),
            (refused, FREE, [b"\1" * 100_000, TRUE]),
            (refused, FREE, [b""] * 100_000 + [TRUE]),
            # Not asked for at all; an annex; a large item for a script in a tree. None is run before it is refused.
            (refused, taproot, [b"\1" * 64, b"\x50" + b"\1" * 100_000]),
            (refused, taproot, [b"\1" * 64, b"\x50"]),
            (refused, taproot, [b"\1" * 81, *leaf]),
            (mismatch, taproot, [b"\1" * 80, *leaf]),
        ]
        coins = self.fund([script for _, script, _ in spends])
        large = [Loose([coin], witness=witness) for (_, _, witness), coin in zip(spends, coins)]
        with self.attack("huge witnesses") as attack:
            for _ in range(10 * TIMES):
                for (reason, _, witness), loose in zip(spends, large):
                    if reason:
                        self.assertEqual(attack.send(loose), reason, [len(item) for item in witness[:3]])
            for (reason, _, witness), loose in zip(spends, large):
                self.assertEqual(attack.send(loose), reason, [len(item) for item in witness[:3]])
        self.assertEqual(len(self.pool()), sum(not reason for reason, _, _ in spends))
        # A matter of policy alone: a block may have them.
        block = self.rpc.generateblock(f"raw({FREE.hex()})", [large[1].raw, large[2].raw, large[4].raw, large[6].raw])
        self.assertEqual(len(self.rpc.getblock(block["hash"])["tx"]), 5)

    def test_blown_up_witnesses(self):
        # On its way by others, say: what refuses it must not be remembered of its txid.
        coins = self.fund([FREE] * 20)
        with self.attack("witnesses that others blew up") as attack:
            for coin in coins:
                good = Loose([coin])
                blown = Loose([coin], witness=[b"\1" * 300_000, TRUE], fee=good.fee)
                self.assertEqual(blown.txid, good.txid)
                self.assertEqual(attack.send(blown), "bad-witness-nonstandard")
                self.assertEqual(attack.send(good), "")


class Signatures(AttackTest):
    """What is dear to check: many signatures, over a hash of the whole transaction each."""

    ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

    def setUp(self):
        super().setUp()
        self.secret = CBitcoinSecret.from_secret_bytes(hashlib.sha256(b"attacks").digest())
        self.key = self.secret.pub
        # One signature, checked fifteen times: as many as P2SH may have.
        self.repeated = CScript([OP_2DUP, OP_CHECKSIGVERIFY] * 14 + [OP_CHECKSIG])

    def script_hash(self, redeem):
        return CScript([OP_HASH160, Hash160(redeem), OP_EQUAL])

    def sign(self, digest):
        return self.secret.sign(digest) + bytes([SIGHASH_ALL])

    def high(self, signature):
        """The same with the other S, which is valid and not standard."""
        size = signature[3]
        r, s = signature[4 : 4 + size], int.from_bytes(signature[6 + size : -1], "big")
        other = (self.ORDER - s).to_bytes(33, "big")
        body = b"\2" + bytes([size]) + r + b"\2\x21" + other
        return b"\x30" + bytes([len(body)]) + body + signature[-1:]

    def sign_all(self, loose, redeem):
        """The scriptSigs; as they do not enter the hashes, each is there before any is put in."""
        signatures = [self.sign(SignatureHash(redeem, loose.tx, i, SIGHASH_ALL)) for i in range(len(loose.tx.vin))]
        for entry, signature in zip(loose.tx.vin, signatures):
            entry.scriptSig = CScript([signature, self.key, redeem])
        return signatures

    def test_quadratic_hashing(self):
        most = 266  # inputs: 60 each of the 16,000 that signature operations may cost
        coins = self.fund([self.script_hash(self.repeated)] * (most + 1))
        # Half of it is hashed again for each of 3990 checks: some 240 MB.
        large = Loose(coins[:most], witness=(), fee=200_000, padding=1150)
        signatures = self.sign_all(large, self.repeated)
        size = len(large.tx.serialize())
        self.assertTrue(95_000 < size <= 100_000, size)

        last = large.tx.vin[-1]
        good = last.scriptSig
        with self.attack("quadratic hashing, refused", MOST_EACH) as attack:
            for _ in range(TIMES):
                last.scriptSig = CScript([self.high(signatures[-1]), self.key, self.repeated])
                self.assertEqual(
                    attack.send(large),
                    "non-mandatory-script-verify-flag (Non-canonical signature: S value is unnecessarily high)",
                )
                last.scriptSig = CScript([signatures[0], self.key, self.repeated])
                self.assertEqual(
                    attack.send(large),
                    "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)",
                )
        with self.attack("quadratic hashing, accepted", MOST_EACH) as attack:
            last.scriptSig = good
            self.assertEqual(attack.send(large), "")
        entry = self.rpc.getmempoolentry(large.txid)
        self.assertEqual(entry["vsize"], size)

        # What costs more is refused before a signature is looked at.
        with self.attack("too many signature operations") as attack:
            more = Loose(coins, [FREE], witness=(), fee=1_000_000)
            for entry in more.tx.vin:
                entry.scriptSig = CScript([signatures[0], self.key, self.repeated])
            for _ in range(20 * TIMES):
                more.tx.vout[0].nValue -= 1
                self.assertEqual(attack.send(more), "bad-txns-too-many-sigops, 16020")
            heavy = Loose(coins[:most], witness=(), fee=1_000_000, padding=1400)
            for entry, old in zip(heavy.tx.vin, large.tx.vin):
                entry.scriptSig = old.scriptSig
            self.assertGreater(len(heavy.tx.serialize()), 100_000)
            self.assertEqual(attack.send(heavy), "tx-size")

    def test_refusal_that_goes_on(self):
        # The first input breaks a rule of policy alone. The others would be dear to run without those rules.
        ends_soon = CScript([OP_NOP1, OP_TRUE])
        checked = CScript([OP_2DUP, OP_CODESEPARATOR, OP_CHECKSIG, OP_DROP] * 15 + [OP_2DROP, OP_TRUE])
        first = self.fund([self.script_hash(ends_soon)])
        coins = first + self.fund([self.script_hash(checked)] * 266)
        signature = self.sign(b"\1" * 32)
        with self.attack("refusals that shall go on") as attack:
            loose = Loose(coins, witness=(), fee=200_000, padding=1000)
            for entry in loose.tx.vin:
                entry.scriptSig = CScript([signature, self.key, checked])
            loose.tx.vin[0].scriptSig = CScript([ends_soon])
            self.assertLess(len(loose.tx.serialize()), 100_000)
            for _ in range(3 * TIMES):
                loose.tx.vout[0].nValue -= 1
                self.assertEqual(
                    attack.send(loose), "non-mandatory-script-verify-flag (NOPx reserved for soft-fork upgrades)"
                )

    def test_dear_scripts(self):
        sixteen = CScript([OP_2DUP, OP_CHECKSIGVERIFY] * 15 + [OP_CHECKSIG])
        coins = self.fund([self.script_hash(sixteen)] * 20 * TIMES)
        with self.attack("scripts of 16 signatures") as attack:
            for coin in coins:
                loose = Loose([coin], witness=(), fee=10_000)
                loose.tx.vin[0].scriptSig = CScript([b"\1" * 71, self.key, sixteen])
                self.assertEqual(attack.send(loose), "bad-txns-nonstandard-inputs")
                loose.tx.vin[0].scriptSig = CScript([b"\1" * 520] * 3 + [b"\1" * 90])
                self.assertEqual(attack.send(loose), "scriptsig-size")
                loose.tx.vin[0].scriptSig = CScript([OP_2DUP, sixteen])
                self.assertEqual(attack.send(loose), "scriptsig-not-pushonly")

    def test_many_keys(self):
        # The one signature fits the key that is tried last.
        others = [CBitcoinSecret.from_secret_bytes(hashlib.sha256(bytes([i])).digest()).pub for i in range(19)]
        script = CScript([OP_1, self.key, *others, b"\x14", OP_CHECKMULTISIG])
        count = 420 if THOROUGH else 100
        coins = self.fund([program_of(script)] * count)
        loose = Loose(coins, fee=1_000_000, witness=())
        witnesses = []
        for number, coin in enumerate(coins):
            digest = SignatureHash(script, loose.tx, number, SIGHASH_ALL, coin.value, SIGVERSION_WITNESS_V0)
            witnesses.append(CTxInWitness(CScriptWitness([b"", self.sign(digest), script])))
        loose.tx.wit = CTxWitness(witnesses)
        with self.attack(f"{20 * count} keys tried", MOST_EACH) as attack:
            self.assertEqual(attack.send(loose), "")

    def test_bare_multisig(self):
        wide = CScript([OP_1] + [self.key] * 3 + [OP_3, OP_CHECKMULTISIG])
        coins = self.fund([FREE] * 20)
        with self.attack("bare multisig") as attack:
            for coin in coins[1:]:
                reason = attack.send(Loose([coin], [wide] * 201, rate=10))
                self.assertEqual(reason, "bad-txns-too-many-sigops, 16080")
            four = CScript([OP_1] + [self.key] * 4 + [OP_4, OP_CHECKMULTISIG])
            self.assertEqual(attack.send(Loose(coins[1:2], [four])), "scriptpubkey")
            most = Loose(coins[:1], [wide] * 200, fee=79_999)
            self.assertEqual(attack.send(most), "min relay fee not met, 79999 < 80000")
            most = Loose(coins[:1], [wide] * 200, fee=80_000)
            self.assertEqual(attack.send(most), "")
            self.assertEqual(self.rpc.getmempoolentry(most.txid)["vsize"], 80_000)
        self.node.restart("-permitbaremultisig=0")
        with self.attack("bare multisig where it is not wanted") as attack:
            for coin in coins[1:]:
                self.assertEqual(attack.send(Loose([coin], [wide] * 201)), "bare-multisig")


if __name__ == "__main__":
    unittest.main()
