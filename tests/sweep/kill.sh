#!/bin/sh
# Kills a sweep 20 times at random moments and resumes it: the result must be the bytes of a run that
# nobody killed. usage: kill.sh PROGRAM [csv|jsonl|sqlite] [served]
set -u
program=$1; kind=${2:-csv}; rows=${3:-static}
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/grid.yaml" <<'EOF'
model: [llama-3.1-8b, olmoe-1b-7b]
hardware: h100-sxm
sweep:
  workload.batch: 1..40
  workload.input: 128..1952 +96
  workload.output: [16, 64, 256, 777]
EOF
less=workload.batch=1..39
if [ "$rows" = served ]; then
    less='serving.arrivals.rate=1 /s..9 /s +0.5 /s'
    cat >"$scratch/grid.yaml" <<'EOF'
model: [llama-3.1-8b, olmoe-1b-7b]
hardware: h100-sxm
serving:
  arrivals: {kind: poisson, rate: 4 /s}
  lengths: {input: "uniform(100, 2000)", output: "exponential(mean 100)"}
  requests: 400
sweep:
  serving.server.max_seqs: [16, 64, 256]
  serving.arrivals.rate: 0.5 /s..50 /s +0.5 /s
EOF
fi
sweep() { "$program" sweep "$scratch/grid.yaml" -q -j 2 "$@"; }
sweep -o "$scratch/whole.$kind" || exit 1
kills=0; tries=0; resumed=0
while [ $kills -lt 20 ] && [ $tries -lt 400 ]; do
    tries=$((tries + 1))
    [ -f "$scratch/out.$kind" ] && rm "$scratch/out.$kind"
    if [ -f "$scratch/out.$kind.part.at" ] && [ "$(wc -l <"$scratch/out.$kind.part.at")" -gt 2 ]; then
        resumed=$((resumed + 1))
    fi
    "$program" sweep "$scratch/grid.yaml" -q -j 2 -o "$scratch/out.$kind" --resume 2>/dev/null &
    victim=$!
    # 0 … 255 ms from the kernel's generator
    delay=$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')
    sleep "0.$(printf '%03d' "$delay")"
    kill -9 $victim 2>/dev/null && kills=$((kills + 1))
    wait $victim 2>/dev/null
done
rm -f "$scratch/out.$kind"
sweep -o "$scratch/out.$kind" --resume || exit 1
echo "$kills kills, $resumed of them on a log with rows in it"
[ $kills -ge 20 ] || { echo "too few kills: the sweep is too fast for this test"; exit 1; }
cmp "$scratch/whole.$kind" "$scratch/out.$kind" || exit 1
[ "$(ls "$scratch" | wc -l)" = 3 ] || { echo "left over:"; ls "$scratch"; exit 1; }
# a torn block is cut off, damage in the middle is noticed, another sweep is refused
"$program" sweep "$scratch/grid.yaml" -q -j 2 -o "$scratch/torn.$kind" & victim=$!; sleep 0.15; kill -9 $victim 2>/dev/null; wait $victim 2>/dev/null
if [ -f "$scratch/torn.$kind.part" ]; then
    printf 'half a row' >>"$scratch/torn.$kind.part"
    if "$program" sweep "$scratch/grid.yaml" -q -o "$scratch/torn.$kind" --resume -a "$less" 2>"$scratch/refusal"; then
        echo "another sweep was resumed"; exit 1
    fi
    grep -q 'belongs to another sweep' "$scratch/refusal" || exit 1
    sweep -o "$scratch/torn.$kind" --resume || exit 1
    cmp "$scratch/whole.$kind" "$scratch/torn.$kind" || exit 1
fi
echo "the resumed bytes are those of a whole run"
