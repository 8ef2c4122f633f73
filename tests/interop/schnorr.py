"""Keys and signatures of BIP340 by Debian's libsecp256k1."""

import ctypes

_CONTEXT_NONE = 1

try:
    _library = ctypes.CDLL("libsecp256k1.so.1")
except OSError as error:
    raise ImportError("Debian's package libsecp256k1-1 is missing: libsecp256k1-dev brings it") from error
_library.secp256k1_context_create.restype = ctypes.c_void_p
_library.secp256k1_context_create.argtypes = [ctypes.c_uint]
_context = ctypes.c_void_p(_library.secp256k1_context_create(_CONTEXT_NONE))


def _call(name, *arguments):
    if getattr(_library, f"secp256k1_{name}")(_context, *arguments) != 1:
        raise ValueError(f"secp256k1_{name} failed")


class KeyPair:
    """A secret key and its public key, of which only x counts. `parity` is 1 where y is odd."""

    def __init__(self, secret):
        self._pair = ctypes.create_string_buffer(96)
        _call("keypair_create", self._pair, secret)
        self._read_public_key()

    def _read_public_key(self):
        opaque, key, parity = ctypes.create_string_buffer(64), ctypes.create_string_buffer(32), ctypes.c_int()
        _call("keypair_xonly_pub", opaque, ctypes.byref(parity), self._pair)
        _call("xonly_pubkey_serialize", key, opaque)
        self.key, self.parity = key.raw, parity.value

    def tweaked(self, tweak):
        """Another pair, `tweak` times the generator away from that of this one whose y is even."""
        other = KeyPair.__new__(KeyPair)
        other._pair = ctypes.create_string_buffer(self._pair.raw, 96)
        _call("keypair_xonly_tweak_add", other._pair, tweak)
        other._read_public_key()
        return other

    def sign(self, digest):
        signature = ctypes.create_string_buffer(64)
        _call("schnorrsig_sign32", signature, digest, self._pair, None)
        return signature.raw
