# Host time of serving programs that published static batches, fitted on some of their rows. Sourced by serving.sh.
splitwise=$data/splitwise/perf_model.csv
argonne=$data/argonne_llm_inference_bench/clean_e2e.csv

# static_errors CLASS FILE SETTINGS: number, mean |log ratio|, median and 90th percentile of |error|, bias
static_errors() {
    eval "$program validate $2 --format csv $3" 2>/dev/null |
        awk -F, -v class="$1" '$3 == class { e = $6 / $5 - 1; print e < 0 ? -e : e, e, log($6 / $5) }' | sort -g |
        awk 'function abs(x) { return x < 0 ? -x : x }
            { a[NR] = $1; bias += $2; sum += abs($3) }
            END { printf "%d %.6f %.1f %.1f %+.1f\n", NR, sum / NR, 100 * a[int((NR + 1) / 2)], 100 * a[int(0.9 * NR + 0.5)], 100 * bias / NR }'
}

# static_rows NAME FILE AWK-CONDITION: $work/NAME.fit holds the rows that meet it, $work/NAME.judge the others
static_rows() {
    awk -F, -v fit="$work/$1.fit" -v judge="$work/$1.judge" \
        'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; print > fit; print > judge; next } { if ('"$3"') print > fit; else print > judge }' "$2"
}

# static_fit NAME CLASS SETTINGS…: the settings with the least mean |log ratio| on $work/NAME.fit → $chosen
static_fit() {
    name=$1 class=$2; shift 2
    least=1e9
    for settings; do
        now=$(static_errors "$class" "$work/$name.fit" "$settings" | cut -d' ' -f2)
        if [ "$(awk -v a="$now" -v b="$least" 'BEGIN { print (a < b) }')" = 1 ]; then least=$now; chosen=$settings; fi
    done
}

# static_row ID NAME CLASS WHICH: a row of the table, without and with the program's constants
static_row() {
    without=$(static_errors "$3" "$work/$2.$4" "-s engine.host_step=0 -s engine.host_request=0 -s 'engine.operator_time=15 us'")
    with=$(static_errors "$3" "$work/$2.$4" "")
    label=$([ "$4" = fit ] && echo fitted || echo "held out")
    printf '%s %s\n' "$without" "$with" | awk -v id="$1" -v class="$3" -v label="$label" \
        '{ printf "| `%s` | %s | %s | %d | %s / %s %% | **%s / %s %%** | %s %% |\n", id, toupper(class), label, $1, $3, $4, $8, $9, $10 }'
}

# static_preset ID NAME SOURCE KEYS
static_preset() {
    cat >"$work/preset" <<TEXT
# Host time of $2, fitted by ./dev serving; validate/SERVING.md has the errors
name: $2
source: >-
  $3
notes: >-
  Of static batches: host_step and host_request are what the device waits for, per step and per request in it; operator_time is what the host
  needs to launch one operator of the framework.
defaults:
  engine: {$4}
TEXT
    mv "$work/preset" "engines/$1.yaml"
}

fit_static_engines() {
    [ -f "$splitwise" ] && [ -f "$argonne" ] || return 0
    echo "serving: fitting vllm-0.2 and vllm-0.5" >&2
    static_rows splitwise "$splitwise" '$c["tensor_parallel"] == 4'
    static_rows argonne "$argonne" '$c["framework"] == "vLLM" && $c["model"] ~ /Llama-2-7b|Mistral-7B/'
    awk -F, 'NR == 1 || $3 == "vLLM"' "$work/argonne.judge" >"$work/judge" && mv "$work/judge" "$work/argonne.judge"
    set --
    for us in 15 18 21 24 26 28 30 32 35 40; do set -- "$@" "-s 'engine.operator_time=$us us'"; done
    static_fit splitwise tpot "$@"
    operator=$(echo "$chosen" | sed "s/.*=\(.*\)'/\1/")
    static_preset vllm-0.2 "vLLM of 2023" "Splitwise, Llama-2-70B fp16 eager on A100 80 GB, Mutinifni/splitwise-sim @8f99e7d: four GPUs fitted, two and eight held out" \
        "launch: eager, operator_time: $operator"
    set --
    for ms in 0 0.5 1 1.5 2; do for us in 0 25 50 75 100 125; do set -- "$@" "-s 'engine.host_step=$ms ms' -s 'engine.host_request=$us us'"; done; done
    static_fit argonne e2e "$@"
    step=$(echo "$chosen" | sed "s/.*host_step=\([^']*\)'.*/\1/") request=$(echo "$chosen" | sed "s/.*host_request=\([^']*\)'.*/\1/")
    static_preset vllm-0.5 "vLLM of mid-2024" "LLM-Inference-Bench, A100 40 GB, argonne-lcf/LLM-Inference-Bench @4211f5d: Llama-2-7B and Mistral-7B fitted, other models held out" \
        "host_step: $step, host_request: $request"
}

static_document() {
    [ -f "$work/argonne.fit" ] || return 0
    cat <<TEXT

## Static batches: vLLM of 2023 and 2024

Batches of one shape, prefill and decode in turn; what is fitted is host time alone (\`engine.operator_time\` of eager launches; \`engine.host_step\` and \`engine.host_request\`), on
the rows that \`engines/\` names. A what-if takes it by \`engine: {program: vllm-0.5}\`. Median / 90th percentile of |error|:

| program | quantity | rows | n | without | with | bias |
|---|---|---|--:|--:|--:|--:|
TEXT
    for which in fit judge; do static_row vllm-0.2 splitwise tpot $which; static_row vllm-0.2 splitwise ttft $which; done
    for which in fit judge; do static_row vllm-0.5 argonne e2e $which; done
}
