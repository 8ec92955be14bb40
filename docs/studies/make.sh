#!/bin/sh
# The studies of docs/studies.md. Usage: sh docs/studies/make.sh [FOLDER], for study files and reports (build/studies).
# Recordings come from the reference data (SIMINT_SHARED, by default ../shared). A study that was interrupted goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${SIMINT_SHARED:-../shared}/data
out=${1:-build/studies}
mkdir -p "$out"

mementos="$data/rf_mementos/mementos_rf.npz"
rf="rf-walk-by,$data/rf_react/*.trace,$mementos#trace_02,$mementos#trace_05"
jogging="$data/solar_jogging_iv/jogging_10m_iv.npz"
solar="solar-day-clouds,office-light,$data/solar_indoor_moving/solar_indoor_moving.npz,$jogging"

python -m simint.whatif --network tinas-har-l25 --supply boost --policy tile --duration 24h \
    --vary capacitor=68uF:15mF:log:14 --vary "trace=$rf,$solar" --study "$out/capacitor.db"
python -m simint.whatif report "$out/capacitor.db" --goal "finished>=95% within 5min" --out "$out/capacitor"
python -m simint.whatif bisect --network tinas-har-l25 --supply boost --policy tile --duration 24h \
    --trace office-light --vary capacitor=100uF:1mF --until "finished>=95% within 5min"

python -m simint.whatif --network tinas-har-l25 --supply boost --capacitor 1mF --duration 24h \
    --vary v_on=2.6V:4.4V:7 --vary v_off=1.9V,2.2V,2.5V --vary policy=tile,jit,layer,none \
    --vary "trace=$data/rf_react/rf-mobile.trace,office-light,$jogging" --study "$out/thresholds.db"
python -m simint.whatif report "$out/thresholds.db" --out "$out/thresholds"

for plot in capacitor/curves-within_p95_s capacitor/curves-imo_pct capacitor/front-within_p95_s \
    thresholds/curves-latency_p95_s thresholds/curves-throughput_per_day thresholds/curves-imo_pct \
    thresholds/map-latency_p95_s; do
    cp "$out/$plot.png" "$here/$(echo "$plot" | tr / -).png"
done
