# What serving.sh writes: the document. Sourced by serving.sh, which has the figures.

errors_table() {
    awk -v table="$1" -f "$here/serving_errors.awk" "$work/without" "$work/with"
}

# sharegpt_row TITLE KEY FILE
sharegpt_row() {
    awk -v key="$2" -v title="$1" '$1 == key { if (++seen == 1) { t = $2; p = $3; e = $4 } else printf "| %s | %+.1f %% | %+.1f %% | %+.1f %% |\n", title, 100 * ($3 / p - 1), 100 * ($4 / e - 1), 100 * ($2 / t - 1) }' \
        "$work/sharegpt.measured" "$3"
}

constants() {
    for id in vllm-0.11 vllm-0.12 vllm-0.18 vllm-0.19 sglang-0.5 tensorrt-llm-1.0; do
        awk -v id="$id" '{ gsub(/^ +/, "") } /^(host_step|host_request|request_overhead|batched_tokens|async):/ { split($0, part, ": "); v[part[1]] = part[2] }
            END { printf "| `%s` | %s | %s | %s | %s | %s |\n", id, v["host_step"], v["host_request"], v["request_overhead"], v["batched_tokens"], v["async"] }' "engines/$id.yaml"
    done
}

serving_document() {
    cat <<'TEXT'
# Simulated servers against published runs

Written by `./dev serving` from measurements that others published; the files are not part of the project. Errors are predicted / measured − 1. Devices are those
of `hwdb/`, whose fits saw kernels only; what is fitted here is host time alone, on half of the rows or requests (by a hash of their names), and written to
`engines/*.yaml`. *Held out* is the other half; *fitted* is in-sample. A what-if takes these constants by `serving: {engine: vllm-0.19}`.

## 300 ShareGPT requests: vLLM 0.19, Llama-3.1-8B, RTX PRO 6000

One run with ten requests a second: half of its requests set one constant (`host_step`), the other half judges. The halves met the same server, so they are not
independent of each other: read the held-out row as "not fitted on", not as another run. TTFT counts from the engine's queue, as in the log.

| mean error | TPOT | E2E | TTFT |
|---|--:|--:|--:|
TEXT
    sharegpt_row "no host constants, all requests" all "$work/sharegpt.plain"
    sharegpt_row "\`vllm-0.19\`, fitted half" fit "$work/sharegpt.predicted"
    sharegpt_row "\`vllm-0.19\`, held-out half" judge "$work/sharegpt.predicted"
    sharegpt_row "\`vllm-0.19\`, all requests" all "$work/sharegpt.predicted"
    cat <<TEXT
| LLMServingSim, as published with the run | −1.0 % | −1.8 % | −4.0 % |

## Host constants

| engine | per step | per request in a step | before the scheduler | tokens per step | asynchronous |
|---|--:|--:|--:|--:|---|
$(constants)

Coarse grids, one constant after another, so that few values are chosen and none is tuned to a digit. "Tokens per step" is a setting of the server that
silicon_clean.csv does not state; it was chosen from 2048, 4096, 8192 and 16384 like a constant (vllm-0.19's is stated by its log). Host time that the device waits for (asynchronous: false) and host time that hides
behind the device's (true) were both tried; the better one stands here. What an asynchronous engine exposes all the same is of the first kind.

## silicon_clean.csv: mean TPOT and TTFT of $(errors_table counts)$(sort "$work/refused" | uniq -c | awk '{ n = $1; $1 = ""; printf ", %d left out:%s", n, $0 }')

Closed loops of 10 prompts per client, all clients starting at once; lengths uniform in [0.8 L, L] (InferenceMAX) or fixed. "Before" has no host constants.

| rows | half | n | TPOT MAPE before | TPOT MAPE | TPOT bias | TTFT median before | TTFT median |
|---|---|--:|--:|--:|--:|--:|--:|
$(errors_table totals)

| engine | model | half | n | TPOT MAPE before | TPOT MAPE | TPOT bias | TTFT median before | TTFT median |
|---|---|---|--:|--:|--:|--:|--:|--:|
$(errors_table groups)

Order of output throughput, clients · output / (TTFT + (output − 1) · TPOT), within a model and GPU:

| engine | model | held-out rows | Spearman | all rows | Spearman |
|---|---|--:|--:|--:|--:|
$(errors_table ranks)

Rows too few to fit, judged with the nearest preset:

| engine | model | which | n | TPOT MAPE before | TPOT MAPE | TPOT bias | TTFT median before | TTFT median |
|---|---|---|--:|--:|--:|--:|--:|--:|
$(errors_table exam)

TEXT
    static_document
    cat "$here/serving_notes.md"
}
