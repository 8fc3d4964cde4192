#!/bin/sh
# interrupted.sh - a conversion that a signal ends while it writes: nothing unfinished stays behind, and what was
# there is as it was. (The signals one by one: tests/unit/interrupt.c.)
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

# 24 million zeros of a byte, of which the disk keeps nothing.
header='{"w":{"dtype":"U8","shape":[24000000],"data_offsets":[0,24000000]}}'
{ printf "\\$(printf %o ${#header})\0\0\0\0\0\0\0"; printf %s "$header"; } >big.safetensors
truncate -s $((8 + ${#header} + 24000000)) big.safetensors
run "$autodidact" info big.safetensors
exits 0
echo 'was here before' >out.npz
cp out.npz kept

caught=0 left=0 changed=0 tries=0
while [ $caught -lt 3 ] && [ $tries -lt 60 ]; do
    signal=$(echo TERM HUP QUIT | cut -d' ' -f$((tries % 3 + 1)))
    tries=$((tries + 1))
    "$autodidact" convert big.safetensors out.npz -q 2>/dev/null &
    process=$!
    while kill -0 $process 2>/dev/null; do
        set -- out.npz.*.tmp
        [ -e "$1" ] || continue
        kill -$signal $process 2>/dev/null
        break
    done
    wait $process 2>/dev/null && status=0 || status=$?
    set -- out.npz.*.tmp
    [ ! -e "$1" ] || left=$((left + 1))
    if [ $status = 0 ]; then # it was faster
        cp kept out.npz
        continue
    fi
    caught=$((caught + 1))
    cmp -s out.npz kept || changed=$((changed + 1))
done
command="$tries conversions"
check 'conversions are interrupted' test $caught -ge 3
check 'no unfinished file stays' test $left = 0
check 'the file that was there is as it was' test $changed = 0

finish
