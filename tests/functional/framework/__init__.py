"""What the functional tests are written with: a node under test, its RPC, and the chain's formats in Python.

Only the standard library is used. The tests read three variables of the environment: CAIRN_BIN, the
folder of cairnd and cairn-cli; CAIRN_VECTORS, the folder of the conformance vectors; and
CAIRN_TIME_FACTOR, by which a sanitizer build stretches every time limit.
"""
