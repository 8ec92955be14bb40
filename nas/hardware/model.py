"""The hardware model of any space."""

from __future__ import annotations

from nas.hardware.plain_model import PlainModel, plain_model
from nas.hardware.table_model import TableModel
from nas.space.layer_prices import Power
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import AnySpace
from nas.space.table import build_table
from nas.space.target import Target

AnyModel = TableModel | PlainModel


def hardware_model(space: AnySpace, target: Target | None = None, power: Power = Power.INTERMITTENT) -> AnyModel:
    """The costs of all networks of a space, priced for `target`, by default that of the space (`retargeted` alters it).

    Raises InputError for an unknown platform, a capacitor without calibrated resistance, and an MBConv space with
    layers outside the published model.
    """
    if isinstance(space, MbconvSpace):
        return TableModel(build_table(space, target, power), power)
    return plain_model(space, target, power)
