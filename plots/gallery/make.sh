#!/bin/sh
# Draws every picture of the gallery: ./dev gallery [FOLDER]. Needs `tokenroof` in PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(cd "${1:-$here}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lists of charts in what-ifs.
for what in devices breakdown step; do
    tokenroof run "$here/$what.yaml" --charts "$out" >"$work/text"
done

# A path: decode at batch 1 to 128.
tokenroof roofline "$here/batch.yaml" -s model=olmoe-1b-7b --phase decode --path workload.batch=1,2,4,…,128 \
    --title "Decode climbs the memory roof as the batch grows" -o "$out/roofline-batch.png" >"$work/text"

# Batch scaling: one run per batch, one table.
for batch in 1 2 4 8 16 32 64 128 256; do
    tokenroof run "$here/batch.yaml" --format csv -s workload.batch=$batch
done | awk 'NR == 1 || !/^model,/' >"$work/batch.csv"
tokenroof plot "$work/batch.csv" --x batch --y total_tok_per_s --low total_tok_per_s_low --high total_tok_per_s_high \
    --series model --facet hardware --log x,y \
    --title "Throughput over the batch, with 90 % intervals" -o "$out/batch.png"
tokenroof plot "$work/batch.csv" --kind pareto --x tpot_s --y output_tok_per_s --series model --label batch --log x,y \
    --title "Fast for one or fast for all: points carry their batch" -o "$out/pareto.png"

# Predicted against published times. The longest scenario exceeds what two of the models were trained for.
tokenroof validate "$root/validate/traces/published/rooflinebench/tokens.csv" --format csv \
    -s engine.batched_tokens=512 -s model.max_context=131072 -o "$work/published.csv"
tokenroof plot "$work/published.csv" --kind scatter --x measured_s --y predicted_s --series variant \
    --title "Predicted and measured TTFT and TPOT: RooflineBench" -o "$out/predicted.png"

# A CPU, measured and predicted: committed traces of our own kernel.
traces=$root/validate/traces/zen4-2core/round-1
tokenroof validate "$traces"/runs-*.csv "$traces"/moe*.csv "$traces"/olmoe*.csv --device zen4-2core --format csv -o "$work/cpu.csv"
tokenroof plot "$work/cpu.csv" --kind scatter --x measured_s --y predicted_s --series class \
    --title "A 2-core Zen 4 CPU: TTFT and TPOT, measured and predicted" -o "$out/cpu-predicted.png"

# Expert scaling: decode throughput of the measured and of the predicted step, joined by the trace's line.
tokenroof validate "$traces/moe.csv" --device zen4-2core --format csv -o "$work/moe.csv"
awk -F, -v OFS=, '
    BEGIN { print "study", "relative_size", "series", "tok_per_s" }
    FNR == 1 { file++ }
    /^#/ { next }
    file == 1 { if ($3 == "tpot") predicted[$2] = $6; next }
    $1 == "model" { for (i = 1; i <= NF; i++) at[$i] = i; next }
    !(FNR in predicted) { next }
    {
        if ($at["threads"] != 2) next
        experts = $at["experts"]; top = $at["top_k"]; width = $at["expert_ffn"]; batch = $at["batch"]
        if (experts == 32 && top == 4) row("expert FFN (1 = 512 wide)", width / 512)
        if (width == 512 && top == 4) row("experts (1 = 32 of them)", experts / 32)
        if (width == 512 && experts == 32) row("active experts (1 = 4 per token)", top / 4)
    }
    function row(study, times) {
        print study, times, "batch " batch " measured", 1e3 * batch / $at["tpot_ms"]
        print study, times, "batch " batch " predicted", batch / predicted[FNR]
    }' "$work/moe.csv" "$traces/moe.csv" >"$work/scaling.csv"
tokenroof plot "$work/scaling.csv" --x relative_size --y tok_per_s --series series --facet study --log x,y --size 1080x460 \
    --title "Expert scaling on a 2-core CPU, decode: measured and predicted" -o "$out/cpu-experts.png"

for picture in "$out"/*.png; do
    size=$(wc -c <"$picture")
    [ "$size" -le 200000 ] || { echo "$picture: $size bytes are more than 200 kB" >&2; exit 1; }
done
