#!/bin/sh
# Simulated servers against published runs: fits host constants (engines/*.yaml) on half of the rows, writes validate/SERVING.md.
# usage: serving.sh PROGRAM DATA
set -eu
program=$1
data=$(cd "$2" 2>/dev/null && pwd || echo "$2")
here=$(dirname "$0")
silicon=$data/aiconfigurator/e2e/silicon_clean.csv
sharegpt=$data/llmservingsim/e2e_vllm019/RTXPRO6000_Llama-3.1-8B/requests.jsonl
arrivals=$data/llmservingsim/traces/sharegpt-llama-3.1-8b-300-sps10.csv
for file in "$silicon" "$sharegpt" "$arrivals"; do
    [ -f "$file" ] || { echo "serving: $file is missing: published measurements are not part of the project, give their folder as DATA"; exit 0; }
done
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT INT TERM
export LC_ALL=C
jobs=$(getconf _NPROCESSORS_ONLN)
. "$here/serving_text.sh"
. "$here/static_engines.sh"

# ---- one simulation per row ----

# simulate_rows ROWS SETTINGS: each row's own words, then mean TTFT, mean TPOT, preemptions
simulate_rows() {
    rm -f "$work"/part.*
    split -n "r/$jobs" "$1" "$work/part."
    for part in "$work"/part.??; do
        while IFS='	' read -r words settings; do
            eval "$program simulate $here/serving_base.yaml -f csv $settings $2" 2>"$part.err" </dev/null |
                awk -F, -v words="$words" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
                    NR == 2 { print words, $c["ttft_mean_s"], $c["tpot_mean_s"], $c["preemptions"]; found = 1 }
                    END { if (!found) print words, "refused" }'
        done <"$part" >"$part.out" &
    done
    wait
    cat "$work"/part.??.out
}

# score: mean |log ratio| of TPOT plus a quarter of that of TTFT (at most a factor of 3: queues at saturation say little)
score() {
    awk 'function abs(x) { return x < 0 ? -x : x }
        NF >= 13 { a = abs(log($12 / $8)); b = abs(log($11 / $7)); sum += a + 0.25 * (b > 1.1 ? 1.1 : b); n++ }
        END { printf "%.6f\n", n ? sum / n : 1e9 }'
}

# ---- host constants of one engine ----

settings_of() {
    echo "-s 'serving.server.host_step=$host_step ms' -s 'serving.server.host_request=$host_request us'" \
        "-s 'serving.server.request_overhead=$overhead ms' -s serving.server.batched_tokens=$budget" \
        "-s serving.server.async=$async -s serving.server.policy=$policy"
}

# descend: one constant after another over a coarse grid, twice; `best` is the score
descend() {
    best=$(simulate_rows "$work/fit" "$(settings_of)" | score)
    for try in $grid $grid; do
        name=${try%%=*} value=${try#*=}
        eval "old=\$$name"
        [ "$old" = "$value" ] && continue
        eval "$name=$value"
        now=$(simulate_rows "$work/fit" "$(settings_of)" | score)
        if [ "$(awk -v a="$now" -v b="$best" 'BEGIN { print (a < 0.998 * b) }')" = 1 ]; then best=$now; else eval "$name=$old"; fi
    done
}
grid="host_step=0 host_step=0.25 host_step=0.5 host_step=1 host_step=1.5 host_step=2 host_step=3 host_step=4 host_step=5
    host_request=0 host_request=10 host_request=20 host_request=50 host_request=100 host_request=150
    overhead=0 overhead=5 overhead=10 overhead=20 overhead=40 overhead=80 overhead=120
    budget=2048 budget=4096 budget=8192 budget=16384"

# fit ENGINE POLICY: host time that the device waits for, and host time that hides behind it; the better of both
fit() {
    policy=$2
    awk -v engine="$1" '$2 == "fit" && $3 == engine' "$work/rows" >"$work/fit"
    least=1e9
    for async in false true; do
        host_step=0 host_request=0 overhead=0 budget=8192
        descend
        [ "$(awk -v a="$best" -v b="$least" 'BEGIN { print (a < b) }')" = 1 ] || continue
        least=$best
        found="async=$async host_step=$host_step host_request=$host_request overhead=$overhead budget=$budget"
    done
    eval "$found"
}

# preset ID NAME SOURCE: engines/ID.yaml from the constants just found
preset() {
    cat >"$work/preset" <<TEXT
# Host time of $2, fitted by ./dev serving; validate/SERVING.md has the errors
name: $2
source: >-
  $3
notes: >-
  host_step and host_request are the time that the device waits for the host, per step and per request in it; where async is true, only what is
  longer than the device's own time counts. request_overhead is from the client to the scheduler.
defaults:
  serving:
    server:
      policy: $policy
      async: $async
      batched_tokens: $budget
      host_step: $host_step ms
      host_request: $host_request us
      request_overhead: $overhead ms
TEXT
    mv "$work/preset" "engines/$1.yaml"
}

engine() {
    echo "serving: fitting $1" >&2
    fit "$1" "$3"
    count=$(awk -v engine="$1" '$3 == engine { n[$2]++ } END { printf "%d rows fitted, %d held out", n["fit"], n["judge"] }' "$work/rows")
    preset "$1" "$2" "$4, silicon_clean.csv of ai-dynamo/aiconfigurator @095f58a: $count"
}

# ---- the ShareGPT run ----

# halves FILE: mean TTFT, TPOT and E2E of each half of the requests of a CSV id,ttft,tpot,e2e (tpot empty: one token)
halves() {
    awk -F, '{ half = ($1 * 7919 + 13) % 101 % 2 ? "judge" : "fit"; for (h = 1; h <= 2; h++) { k = h == 1 ? half : "all"
            n[k]++; ttft[k] += $2; e2e[k] += $4; if ($3 != "") { m[k]++; tpot[k] += $3 } } }
        END { for (k in n) print k, ttft[k] / n[k], tpot[k] / m[k], e2e[k] / n[k] }' "$1" | sort
}

measured_sharegpt() {
    sed 's/[{}":,]/ /g' "$sharegpt" | awk '{ for (i = 1; i < NF; i++) v[$i] = $(i + 1); id = v["request_id"]; sub("bench-", "", id)
        ttft = v["first_token_ts"] - v["queued_ts"]; e2e = v["last_token_ts"] - v["queued_ts"]
        printf "%d,%.9g,%s,%.9g\n", id, ttft, (v["output_toks"] > 1 ? (e2e - ttft) / (v["output_toks"] - 1) : ""), e2e }'
}

# predicted_sharegpt SETTINGS
predicted_sharegpt() {
    eval "$program simulate $here/serving_sharegpt.yaml --requests $work/requests.csv -s serving.arrivals.file=$arrivals $1" >/dev/null </dev/null
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        { print $c["id"] "," $c["ttft_s"] "," ($c["output_tokens"] > 1 ? $c["tpot_s"] : "") "," $c["e2e_s"] }' "$work/requests.csv"
}

# error KEY: signed errors of TPOT, E2E, TTFT of one half
error() {
    awk -v key="$1" '$1 == key { if (++seen == 1) { t = $2; p = $3; e = $4 } else printf "%.6f %.6f %.6f\n", $3 / p - 1, $4 / e - 1, $2 / t - 1 }' \
        "$work/sharegpt.measured" "$work/sharegpt.predicted"
}

fit_sharegpt() {
    echo "serving: fitting vllm-0.19" >&2
    measured_sharegpt >"$work/measured.csv"
    halves "$work/measured.csv" >"$work/sharegpt.measured"
    predicted_sharegpt "" >"$work/predicted.csv"
    halves "$work/predicted.csv" >"$work/sharegpt.predicted"
    cp "$work/sharegpt.predicted" "$work/sharegpt.plain"
    best=1e9
    for step in 0 0.25 0.5 0.75 1 1.25 1.5 1.75 2 2.25 2.5 3 4; do
        predicted_sharegpt "-s serving.server.async=false -s 'serving.server.host_step=$step ms'" >"$work/predicted.csv"
        halves "$work/predicted.csv" >"$work/sharegpt.predicted"
        now=$(error fit | awk '{ for (i = 1; i <= 3; i++) sum += $i < 0 ? -$i : $i; print sum }')
        if [ "$(awk -v a="$now" -v b="$best" 'BEGIN { print (a < b) }')" = 1 ]; then best=$now; host_step=$step; fi
    done
    policy=vllm async=false budget=2048 host_request=0 overhead=0
    preset vllm-0.19 "vLLM 0.19" "300 ShareGPT requests on one RTX PRO 6000, Llama-3.1-8B bf16, casys-kaist/LLMServingSim @5daddb2: half of the requests fitted"
    predicted_sharegpt "-s serving.engine=vllm-0.19" >"$work/predicted.csv"
    halves "$work/predicted.csv" >"$work/sharegpt.predicted"
}

# ---- all ----

awk -v refused="$work/refused" -f "$here/serving_rows.awk" "$silicon" >"$work/rows"
fit_sharegpt
fit_static_engines
engine vllm-0.11 "vLLM 0.11" vllm "InferenceMAX of 2025-10, Llama-3.1-70B fp8 on H100 and H200"
engine vllm-0.12 "vLLM 0.12" vllm "Qwen3-32B bf16 on H100"
engine vllm-0.18 "vLLM 0.18" vllm "InferenceMAX of 2026-03, gpt-oss-120b mxfp4 on H100"
engine sglang-0.5 "SGLang 0.5" sglang "Qwen3-32B bf16 on H100"
engine tensorrt-llm-1.0 "TensorRT-LLM 1.0" tensorrt-llm "Qwen3-32B fp8 and Llama-3.1-8B bf16 on H100"
echo "serving: judging" >&2
awk -F'\t' '{ split($1, word, " "); policy = word[3]; sub("-[0-9.]*$", "", policy)
    print $0 " -s serving.server.policy=" policy " -s serving.server.async=false" }' "$work/rows" >"$work/plain"
awk -F'\t' '{ split($1, word, " "); print $0 " -s serving.engine=" word[3] }' "$work/rows" >"$work/preset_rows"
simulate_rows "$work/plain" "" >"$work/without"
simulate_rows "$work/preset_rows" "" >"$work/with"
serving_document >"$work/SERVING.md"
mv "$work/SERVING.md" "$here/SERVING.md"
echo "serving: wrote validate/SERVING.md and engines/"
