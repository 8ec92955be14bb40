"""Network families: a whole network in one shell-safe word."""

from __future__ import annotations

from simint.errors import InputError
from simint.network.mbconv import MBCONV_FORM, mbconv_network, parse_mbconv
from simint.network.mlperf_tiny import MLPERF_TINY_FORM, mlperf_tiny_network
from simint.network.network import Network
from simint.network.plain import PLAIN_FORM, parse_plain, plain_network


def network_from_word(word: str) -> Network:
    """The network a word describes; see `parse_mbconv`, `parse_plain` and `mlperf_tiny_network`.

    Raises InputError in one line that says what is allowed.
    """
    family = word.partition(":")[0]
    if family == "mbconv":
        return mbconv_network(parse_mbconv(word))
    if family == "plain":
        return plain_network(parse_plain(word))
    if family == "mlperf":
        return mlperf_tiny_network(word)
    known = "; or ".join((MBCONV_FORM, PLAIN_FORM, MLPERF_TINY_FORM))
    raise InputError(f"network {word!r}: no family {family!r}; write {known}")
