"""Fresh runs of shepherd-core's virtual source (PyPI, MIT licence), set up as the reference runs were."""

from __future__ import annotations

from shepherd import CONST, INITIAL_V, LEAKAGE_OHM_F, RATED_V, SQUARE, Input, Result, Setting, summary

from simint.errors import InputError

# Other capacitors, other rows and columns of the efficiency tables, another load.
FURTHER = (
    Setting("BQ25504s", 47, CONST),
    Setting("BQ25504s", 470, SQUARE),
    Setting("BQ25570s", 220, Input("0.6 V, 1 mA", 0.6, 1e-3)),
    Setting("BQ25570s", 100, Input("0.3 V, 3 mA", 0.3, 3e-3)),
    Setting("BQ25570s", 100, CONST, load_a=0.8e-3),
    Setting("BQ25504s", 100, Input("0.9 V, 4 mA, 50 ms of 1 s", 0.9, 4e-3, 0.05, 1.0), load_a=5e-3),
)
OFF_A = 350e-9
_STEPS_PER_S = 100_000


def package_run(setting: Setting) -> Result:
    """One run of the package itself, stepped at 10 us. Raises InputError where it is not installed."""
    try:
        from shepherd_core.data_models.base.calibration import CalibrationEmulator
        from shepherd_core.data_models.content.enum_datatypes import EnergyDType
        from shepherd_core.data_models.content.virtual_source_config import VirtualSourceConfig
        from shepherd_core.data_models.content.virtual_storage_config import VirtualStorageConfig
        from shepherd_core.vsource.virtual_source_model import VirtualSourceModel
    except ImportError:
        raise InputError("--package needs shepherd-core: pip install shepherd-core==2026.10.2") from None
    store = VirtualStorageConfig.capacitor(
        C_uF=setting.capacitor_uf,
        V_rated=RATED_V,
        SoC_init=INITIAL_V / RATED_V,
        R_leak_Ohm=LEAKAGE_OHM_F / (setting.capacitor_uf * 1e-6),
    )
    config = VirtualSourceConfig(inherit_from=setting.source, storage=store, C_output_uF=0)
    model = VirtualSourceModel(config, CalibrationEmulator(), dtype_in=EnergyDType.ivsample)
    feed, good, edges, from_store = setting.feed, False, [], 0.0
    for step in range(round(setting.duration_s * _STEPS_PER_S)):
        fed = feed.on_s == feed.period_s or (step / _STEPS_PER_S) % feed.period_s < feed.on_s - 1e-9
        model.iterate_sampling(
            V_inp_uV=round(feed.voltage * 1e6),
            I_inp_nA=round(feed.current_a * 1e9) if fed else 0,
            I_out_nA=round((setting.load_a if good else OFF_A) * 1e9),
        )
        from_store += model.cnv.P_out_fW * 1e-15 / _STEPS_PER_S
        if model.cnv.get_power_good_hysteresis() != good:
            good = not good
            edges.append((step / _STEPS_PER_S, good))
    return summary(edges, from_store)
