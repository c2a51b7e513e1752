#!/bin/sh
# The same sweep by one process and by several under mpirun: the same bytes. Skipped (77) where there
# is no mpirun, or the program was built without MPI. usage: mpi.sh PROGRAM
set -u
program=$1
command -v mpirun >/dev/null || { echo "skipped: no mpirun here"; exit 77; }
case $program in /*) ;; *) program=$PWD/$program ;; esac
# Open MPI wants to be told twice that root and more processes than cores are meant; its libraries
# keep memory until the end, which leak checkers call a leak
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
OMPI_MCA_btl_vader_single_copy_mechanism=none
ASAN_OPTIONS=detect_leaks=0
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_rmaps_base_oversubscribe
export OMPI_MCA_btl_vader_single_copy_mechanism ASAN_OPTIONS
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
cd "$(dirname "$0")/../.." || exit 2
cat >"$scratch/grid.yaml" <<'YAML'
model: [llama-3.1-8b, olmoe-1b-7b]
hardware: h100-sxm
sweep:
  workload.batch: 1..40
  workload.input: 128..1952 +96
  workload.output: [16, 64]
YAML
sweep() { timeout 120 "$@" sweep "$scratch/grid.yaml" -j 1 $options 2>"$scratch/said"; }
if mpirun -n 2 "$program" sweep "$scratch/grid.yaml" -a workload.batch=1 -o /dev/null 2>&1 | grep -q 'built without MPI'; then
    echo "skipped: built without MPI"
    exit 77
fi
check() { # NAME: the files of one process and of several
    cmp "$scratch/one" "$scratch/many" || { echo "$1: mpirun's result differs"; cat "$scratch/said"; exit 1; }
    echo "$1: the same bytes"
}
for ranks in 2 3 5; do
    options=-q
    sweep "$program" >"$scratch/one" || exit 1
    sweep mpirun -n $ranks "$program" >"$scratch/many" || { cat "$scratch/said"; exit 1; }
    check "$ranks processes, standard output"
    options="-q -o $scratch/one"; sweep "$program" || exit 1
    options="-q -o $scratch/many"; sweep mpirun -n $ranks "$program" || { cat "$scratch/said"; exit 1; }
    check "$ranks processes, a file"
done
# stopped at any moment and resumed by another number of processes
rm "$scratch/many"
mpirun -n 2 "$program" sweep "$scratch/grid.yaml" -j 1 -q -o "$scratch/many" >/dev/null 2>&1 & launcher=$!
sleep 0.4
for child in $(pgrep -P $launcher); do kill -9 "$child" 2>/dev/null; done
kill -9 $launcher 2>/dev/null; wait $launcher 2>/dev/null
sleep 0.2
rm -f "$scratch/many"
options="-q -o $scratch/many --resume"; sweep mpirun -n 3 "$program" || { cat "$scratch/said"; exit 1; }
check "killed and resumed"
# a mistake is told once, and nothing hangs
options="-q -a workload.bitch=1..4"
sweep mpirun -n 3 "$program" && { echo "a mistake went through"; exit 1; }
[ "$(grep -c 'did you mean' "$scratch/said")" = 1 ] || { echo "told not once:"; cat "$scratch/said"; exit 1; }
options="-q -o $scratch/none/out.csv"
sweep mpirun -n 3 "$program" && { echo "no folder went through"; exit 1; }
grep -q "can't be written" "$scratch/said" || { cat "$scratch/said"; exit 1; }
echo "mistakes are told once"
# servers: their rows, and charts of rows that came from other processes
sed 's/\.svg/.txt/' configs/serving-sweep.yaml >"$scratch/grid.yaml"
mkdir "$scratch/charts"
options="-q --charts $scratch/charts"
sweep "$program" >"$scratch/one" || exit 1
mv "$scratch/charts/ttft.txt" "$scratch/ttft.txt"
sweep mpirun -n 3 "$program" >"$scratch/many" || { cat "$scratch/said"; exit 1; }
check "servers"
cmp "$scratch/ttft.txt" "$scratch/charts/ttft.txt" || { echo "mpirun's chart differs"; exit 1; }
