#!/bin/sh
# Checkpoints on the command line: import and measure read GGUF files, and refuse what they can't use.
# usage: measure_gguf.sh PROGRAM WRITE_GGUF
set -u
absolute() { echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"; }
program=$(absolute "$1"); write=$(absolute "$2")
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failed=0

# expect NAME COMMAND…: the command must succeed and print every line-pattern on standard input
expect() {
    name=$1; shift
    "$@" >"$scratch/out" 2>"$scratch/err"; code=$?
    cat "$scratch/out" "$scratch/err" >"$scratch/all"
    while IFS= read -r pattern; do
        grep -q -- "$pattern" "$scratch/all" && continue
        echo "$name (exit $code): no line matches '$pattern' in"; cat "$scratch/all"; failed=1
    done
}
cell() { # cell COLUMN: of the only row of a trace
    grep -v '^#' "$scratch/out" | awk -F, -v want="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) at = i } NR == 2 { print $at }'
}
same() {
    [ "$2" = "$3" ] && return
    echo "$1: '$2' instead of '$3'"; failed=1
}

"$write" "$scratch" || exit 1
cd "$scratch" || exit 1

expect import "$program" import tiny-llama.gguf -o tiny-llama.yaml </dev/null
expect "import shows" cat tiny-llama.yaml <<'EOF'
^layers: 3
^vocab: 101
its checkpoint holds q8_0
EOF
expect "a model for run" "$program" show ./tiny-llama.yaml <<'EOF'
tiny-llama
EOF
expect measure "$program" measure tiny-llama.gguf -p 8 -g 2 --time 1ms <<'EOF'
weights of tiny-llama.gguf
no model with the dimensions of tiny-llama.gguf
tokenroof import tiny-llama.gguf -o models/tiny-llama.yaml
EOF
same "its own format" "$(cell weights)" q8_0
same "its own name" "$(cell model)" tiny-llama
mkdir data data/models data/hwdb
cp tiny-llama.yaml data/models/small.yaml
TOKENROOF_DATA=$scratch/data expect "known by its dimensions" "$program" measure tiny-llama.gguf -p 8 -g 2 --time 1ms </dev/null
same "name of its dimensions" "$(cell model)" small
same "no warning" "$(grep -c warning err)" 0
expect converted "$program" measure tiny-olmoe.gguf -w q4_0 -p 8 -g 2 -b 2 --time 1ms </dev/null
same "converted format" "$(cell weights)" q4_0
expect changed "$program" measure tiny-olmoe.gguf --experts 4 <<'EOF'
--experts changes a model: that needs random weights
EOF
expect architecture "$program" measure tiny-gpt2.gguf <<'EOF'
architecture 'gpt2' is not llama, qwen2 or olmoe
EOF
expect missing "$program" import nowhere.gguf <<'EOF'
nowhere.gguf: No such file
EOF
head -c 300 tiny-llama.gguf >cut.gguf
expect cut "$program" measure cut.gguf <<'EOF'
cut.gguf: the metadata breaks off
EOF
exit $failed
