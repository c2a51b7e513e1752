#!/bin/sh
# Measures this machine's CPU as traces/ hold it: one round of whole runs into FOLDER, with
# "operators" also the operators of whole steps. About a quarter of an hour; --resume goes on.
# measure_cpu.sh TOKENROOF FOLDER [operators]
set -e
tokenroof=$1
folder=$2
mkdir -p "$folder"

measure() {
    file=$1
    shift
    "$tokenroof" measure "$@" --resume -o "$folder/$file.csv"
}

dense="smollm2-135m smollm2-360m qwen2.5-0.5b tinyllama-1.1b"
formats=fp32,bf16,q8_0,q4_0
grid="-p 32,64,128,256,512,1024 -b 1,2,4,8,16 --depth 0,128,512,1024,1920 --most-tokens 1024 -g 12 --time 500ms"
# 64 runs each, drawn by their seeds
measure runs-1-thread $dense -w $formats -t 1 $grid --cases 4 --seed 1
measure runs-2-threads $dense -w $formats -t 2 $grid --cases 4 --seed 2
# expert scaling: width, number and choice of experts
cut="olmoe-1b-7b -t 1,2 -p 32 -b 1,4,16 -g 12 --time 500ms"
measure moe $cut -w q8_0 --layers 6 --experts 32 --top-k 4 --expert-ffn 256,512,1024,2048
measure moe $cut -w q8_0 --layers 6 --experts 8,16,64 --top-k 4 --expert-ffn 512
measure moe $cut -w q8_0 --layers 6 --experts 32 --top-k 1,2,8 --expert-ffn 512
measure moe-4-bit $cut -w q4_0 --layers 4 --experts 8,32,64 --top-k 4 --expert-ffn 512
measure olmoe olmoe-1b-7b -w q8_0 -t 1 -p 64 -b 1,4 --depth 256 -g 8
measure olmoe-2-threads olmoe-1b-7b -w q4_0 -t 2 -p 32 -b 1,16 -g 8

[ "$3" = operators ] || exit 0
measure skew olmoe-1b-7b -w q8_0 -t 2 --layers 4 -p 32 -b 1,4,16 -g 12 --skew 0.5
operators() {
    file=$1
    shift
    "$tokenroof" measure "$@" -m profile -o "$folder/$file.csv"
}
operators operators-smollm2 smollm2-135m -w $formats -t 1,2 -p 32,256 -b 1,8 --depth 512
operators operators-qwen2 qwen2.5-0.5b -w $formats -t 1,2 -p 256 -b 1,4 --depth 512
operators operators-olmoe olmoe-1b-7b -w q8_0,q4_0 -t 1,2 --layers 6 -p 64,256 -b 1,4 --depth 512
