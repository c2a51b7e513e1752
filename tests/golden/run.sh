#!/bin/sh
# Golden tests: each folder holds cmd, stdout, stderr and exit of one command line.
# usage: run.sh PROGRAM [--update] [CASE…]
set -u
program=$1; shift
update=no; [ "${1:-}" = --update ] && { update=yes; shift; }
here=$(dirname "$0"); root=$(cd "$here/../.." && pwd)
case $program in /*) ;; *) program=$PWD/$program ;; esac
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"; ln -s "$program" "$scratch/bin/tokenroof"
PATH=$scratch/bin:$PATH; export PATH
LC_ALL=C; export LC_ALL
passed=0; failed=0
cd "$root" || exit 2
for folder in ${*:-tests/golden/*/}; do
    folder=${folder%/}
    [ -f "$folder/cmd" ] || continue
    SCRATCH=$scratch/work; export SCRATCH
    rm -rf "$SCRATCH"; mkdir "$SCRATCH"
    sh "$folder/cmd" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
    echo $? >"$scratch/exit"
    for part in stdout stderr; do
        sed "s|$SCRATCH|SCRATCH|g; s|$root/||g" "$scratch/$part" >"$scratch/$part.clean" && mv "$scratch/$part.clean" "$scratch/$part"
    done
    bad=no
    for part in stdout stderr exit; do
        [ "$update" = yes ] && cp "$scratch/$part" "$folder/$part"
        if ! cmp -s "$folder/$part" "$scratch/$part"; then
            bad=yes
            echo "--- $folder/$part differs (expected -, got +)"
            diff -u "$folder/$part" "$scratch/$part" | head -40
        fi
    done
    if [ $bad = yes ]; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
