"""The scenario of a replay that fits the cost model of a search: its capacitor and thresholds behind a charger."""

from __future__ import annotations

import msgspec

from simint.hardware.platform import CostMode, Platform
from simint.hardware.presets import load_platform, load_supply
from simint.hardware.supply import Supply
from simint.scenario import Scenario, TraceChoice
from simint.tiling.published.electrical import ElectricalSettings

REPLAY_PLATFORM, REPLAY_SUPPLY = "msp430fr5994", "boost"
# The highest voltage a BQ25570 charges its storage element to, Texas Instruments data sheet SLUSBH2.
HIGHEST_STORAGE_V = 5.5
DURATION_S = 3600.0  # chosen: some dozens to thousands of inferences, and shorter recordings loop


def replay_supply(settings: ElectricalSettings, name: str = REPLAY_SUPPLY) -> Supply:
    """A supply preset with the capacitance and thresholds that the cost model assumes, so that a charge is the same."""
    supply = load_supply(name)
    return msgspec.structs.replace(
        supply,
        capacitor=msgspec.structs.replace(supply.capacitor, capacitance=settings.capacitance),
        v_on=settings.v_on,
        v_off=settings.v_off,
        v_max=supply.v_max if settings.v_on < supply.v_max else HIGHEST_STORAGE_V,
    )


def replay_scenario(supply: Supply, trace: TraceChoice, platform: str | Platform = REPLAY_PLATFORM) -> Scenario:
    """Inferences back to back for `DURATION_S` under policy `tile`, from a capacitor at v_off."""
    loaded = load_platform(platform) if isinstance(platform, str) else platform
    return Scenario(trace=trace, supply=supply, platform=loaded, duration=DURATION_S)


def replays_recordings(platform: Platform) -> bool:
    """Whether designs for recorded traces can be found: the published explorer needs a constant Thevenin source."""
    return platform.mode is CostMode.CONSISTENT
