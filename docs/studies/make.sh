#!/bin/sh
# The studies of docs/studies.md: sh docs/studies/make.sh [FOLDER for study files and reports, default build/studies].
# Recordings come from the reference data (SIMINT_SHARED, default ../shared). An interrupted study goes on where it stopped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${SIMINT_SHARED:-../shared}/data
out=${1:-build/studies}
mkdir -p "$out"
rf="rf-walk-by,$data/rf_react/*.trace,$data/rf_mementos/mementos_rf.npz#trace_02,$data/rf_mementos/mementos_rf.npz#trace_05"
solar="solar-day-clouds,office-light,$data/solar_indoor_moving/solar_indoor_moving.npz,$data/solar_jogging_iv/jogging_10m_iv.npz"

python -m simint.whatif --network tinas-har-l25 --supply boost --policy tile --duration 24h \
    --vary capacitor=68uF:15mF:log:14 --vary "trace=$rf,$solar" --study "$out/capacitor.db"
python -m simint.whatif report "$out/capacitor.db" --goal "finished>=95% within 5min" --out "$out/capacitor"

python -m simint.whatif --network tinas-har-l25 --supply boost --capacitor 1mF --duration 24h \
    --vary v_on=2.6V:4.4V:7 --vary v_off=1.9V:2.5V:4 --vary policy=tile,tile-shutdown,jit,layer,none \
    --vary "trace=rf-walk-by,$data/rf_react/rf-mobile.trace,office-light,$data/solar_jogging_iv/jogging_10m_iv.npz" \
    --study "$out/thresholds.db"
python -m simint.whatif report "$out/thresholds.db" --out "$out/thresholds"

for study in capacitor thresholds; do
    for plot in "$out/$study"/*.png; do cp "$plot" "$here/$study-$(basename "$plot")"; done
done
