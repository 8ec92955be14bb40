"""Separable search spaces: as data, as tables of costs, and what every network of a space adds up to."""

from nas.space.search_space import NetworkSetting, SearchSpace, load_space, published_spaces

__all__ = ["NetworkSetting", "SearchSpace", "load_space", "published_spaces"]
