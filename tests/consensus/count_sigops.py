#!/usr/bin/env python3
"""Counts what the signature operations of the real blocks cost, independently of the code under test.

Prints a line for each block of the vectors whose spent outputs are known. block_scripts_test.cpp has these numbers pinned; this
program is run by hand when blocks are added:

    tests/consensus/count_sigops.py FOLDER_OF_VECTORS
"""

import json
import pathlib
import sys

CHECKSIG, CHECKSIGVERIFY, CHECKMULTISIG, CHECKMULTISIGVERIFY = 0xAC, 0xAD, 0xAE, 0xAF


class Bytes:
    """Reads the wire form from the front."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        assert self.at + count <= len(self.data)
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def compact(self):
        first = self.number(1)
        return self.number({0xFD: 2, 0xFE: 4, 0xFF: 8}[first]) if first >= 0xFD else first

    def string(self):
        return self.take(self.compact())


def read_transaction(reader):
    """The scriptSigs with their witnesses, and the output scripts."""
    reader.take(4)
    count = reader.compact()
    with_witness = count == 0
    if with_witness:
        assert reader.number(1) == 1
        count = reader.compact()
    script_sigs = []
    for _ in range(count):
        reader.take(36)
        script_sigs.append(reader.string())
        reader.take(4)
    outputs = []
    for _ in range(reader.compact()):
        reader.take(8)
        outputs.append(reader.string())
    witnesses = [[] for _ in script_sigs]
    if with_witness:
        witnesses = [[reader.string() for _ in range(reader.compact())] for _ in script_sigs]
    reader.take(4)
    return list(zip(script_sigs, witnesses)), outputs


def elements(script):
    """Opcodes with what they push; the last one is None where a push is cut off."""
    at = 0
    while at < len(script):
        opcode = script[at]
        at += 1
        size = opcode if opcode <= 75 else 0
        if 76 <= opcode <= 78:
            width = 1 << (opcode - 76)
            if at + width > len(script):
                yield None
                return
            size = int.from_bytes(script[at : at + width], "little")
            at += width
        if at + size > len(script):
            yield None
            return
        yield opcode, script[at : at + size]
        at += size


def count(script, accurate):
    total = 0
    last = None
    for element in elements(script):
        if element is None:
            break
        opcode = element[0]
        if opcode in (CHECKSIG, CHECKSIGVERIFY):
            total += 1
        elif opcode in (CHECKMULTISIG, CHECKMULTISIGVERIFY):
            total += last - 0x50 if accurate and last is not None and 0x51 <= last <= 0x60 else 20
        last = opcode
    return total


def is_p2sh(script):
    return len(script) == 23 and script[:2] == b"\xa9\x14" and script[22] == 0x87


def program_of(script):
    if 4 <= len(script) <= 42 and (script[0] == 0 or 0x51 <= script[0] <= 0x60) and script[1] == len(script) - 2:
        return (script[0] and script[0] - 0x50), script[2:]
    return None


def redeem_script(script_sig):
    """What the last push leaves; None where not all are pushes."""
    top = None
    for element in elements(script_sig):
        if element is None or element[0] > 0x60:
            return None
        top = element[1] if element[0] <= 78 else b""
    return top


def count_in_program(program, witness):
    if program is None or program[0] != 0:
        return 0
    if len(program[1]) == 20:
        return 1
    return count(witness[-1], True) if len(program[1]) == 32 and witness else 0


def cost_of_block(data, prevouts):
    reader = Bytes(data)
    reader.take(80)
    cost = 0
    spent = iter(prevouts)
    for index in range(reader.compact()):
        inputs, outputs = read_transaction(reader)
        cost += 4 * sum(count(script, False) for script in outputs)
        cost += 4 * sum(count(script_sig, False) for script_sig, _ in inputs)
        if index == 0:
            continue
        for script_sig, witness in inputs:
            output = next(spent)
            program = program_of(output)
            if is_p2sh(output):
                inner = redeem_script(script_sig)
                if inner is not None:
                    cost += 4 * count(inner, True)
                    program = program_of(inner)
            cost += count_in_program(program, witness)
    assert reader.at == len(data) and next(spent, None) is None
    return cost


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]) / "blocks"
    for entry in json.loads((folder / "index.json").read_text()):
        if entry["prevouts"] is None:
            continue
        lines = (folder / entry["prevouts"]).read_text().splitlines()
        prevouts = [bytes.fromhex(json.loads(line)["scriptpubkey_hex"]) for line in lines]
        print(entry["file"], cost_of_block((folder / entry["file"]).read_bytes(), prevouts))


if __name__ == "__main__":
    main()
