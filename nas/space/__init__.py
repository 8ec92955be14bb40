"""Search spaces: as data, as tables of costs, and what every network of a space adds up to."""

from nas.space.mbconv_space import MbconvSpace, NetworkSetting
from nas.space.plain_space import PlainSpace
from nas.space.search_space import AnySpace, load_mbconv_space, load_space, published_spaces
from nas.space.target import Target, retargeted

__all__ = [
    "AnySpace",
    "MbconvSpace",
    "NetworkSetting",
    "PlainSpace",
    "Target",
    "load_mbconv_space",
    "load_space",
    "published_spaces",
    "retargeted",
]
