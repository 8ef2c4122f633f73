"""Addresses and the scripts that they stand for: base58check, bech32 (BIP173) and bech32m (BIP350)."""

import hashlib

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CONSTANT, _BECH32M_CONSTANT = 1, 0x2BC830A3
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)

# chain: (P2PKH version, P2SH version, segwit prefix)
PREFIXES = {
    "main": (0, 5, "bc"),
    "test": (111, 196, "tb"),
    "testnet4": (111, 196, "tb"),
    "signet": (111, 196, "tb"),
    "regtest": (111, 196, "bcrt"),
}


def base58check(payload):
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base58check_decode(text):
    number = 0
    for char in text:
        number = number * 58 + _BASE58.index(char)
    data = b"\0" * (len(text) - len(text.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if base58check(data[:-4]) != text:
        raise ValueError(f"bad checksum: {text}")
    return data[:-4]


def _polymod(values):
    remainder = 1
    for value in values:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            remainder ^= generator if top >> bit & 1 else 0
    return remainder


def _expand(prefix):
    return [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]


def _regroup(values, have, want, pad):
    """Splits a stream of `have`-bit values anew into `want`-bit ones."""
    bits = "".join(f"{value:0{have}b}" for value in values)
    if pad:
        bits += "0" * (-len(bits) % want)
    elif len(bits) % want >= have or "1" in bits[len(bits) - len(bits) % want :]:
        raise ValueError("bad padding")
    return [int(bits[at : at + want], 2) for at in range(0, len(bits) - want + 1, want)]


def segwit_address(prefix, version, program):
    values = [version] + _regroup(program, 8, 5, pad=True)
    constant = _BECH32_CONSTANT if version == 0 else _BECH32M_CONSTANT
    check = _polymod(_expand(prefix) + values + [0] * 6) ^ constant
    values += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(_BECH32[value] for value in values)


def segwit_decode(prefix, text):
    """The witness version and program of an address."""
    found, _, data = text.lower().rpartition("1")
    values = [_BECH32.index(char) for char in data]
    version, program = values[0], bytes(_regroup(values[1:-6], 5, 8, pad=False))
    if found != prefix or segwit_address(prefix, version, program) != text.lower():
        raise ValueError(f"no address of {prefix}: {text}")
    return version, program


def script_of(address, chain="regtest"):
    """The output script that pays to an address."""
    pubkey_hash, script_hash, prefix = PREFIXES[chain]
    if address.lower().startswith(prefix + "1"):
        version, program = segwit_decode(prefix, address)
        return bytes([0x50 + version if version else 0, len(program)]) + program
    payload = base58check_decode(address)
    if payload[0] == pubkey_hash:
        return b"\x76\xa9\x14" + payload[1:] + b"\x88\xac"
    if payload[0] == script_hash:
        return b"\xa9\x14" + payload[1:] + b"\x87"
    raise ValueError(f"no address of {chain}: {address}")
