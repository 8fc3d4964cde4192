#!/bin/sh
# codec_memory.sh: memory that is refused inside libjpeg or libwebp is no broken picture: where broken ones
# are left out, the set is whole or there is an error.
. "$(dirname "$0")/../check.sh"

cc=${CC:-gcc}
if ! $cc -shared -fPIC -O1 -o "$tmp/refuse.so" "$root/tests/cli/codec_memory.c" -ldl 2>/dev/null ||
    ! CODEC=none LD_PRELOAD="$tmp/refuse.so" "$autodidact" version >/dev/null 2>&1; then
    skip "nothing can be put in front of this C library"
    finish
    exit
fi
for side in left right; do
    mkdir -p "$tmp/data/$side"
    for i in 1 2 3 4; do
        { printf 'P2 8 8 255\n'; for y in 1 2 3 4 5 6 7 8; do echo "$i 9 99 20$i 40 0 255 7"; done; } >"$tmp/data/$side/$i.pgm"
    done
done
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 1 --batch 8 --val 0 --run "$tmp/run" --quiet
exits 0
for format in jpeg webp; do
    has $format || continue
    # libwebp does not always say that it was refused memory; that there is none then tells
    ending=jpg all=
    [ $format = jpeg ] || ending=webp all=+
    for side in left right; do
        mkdir -p "$tmp/$format/$side"
        for i in 1 2; do
            run "$autodidact" classify predict "$tmp/run" "$tmp/data/$side/$i.pgm" --quiet --saliency "$tmp/$format/$side/$i.$ending"
            exits 0
        done
    done
    run "$autodidact" info "$tmp/$format" --json
    exits 0
    cp "$tmp/.out" "$tmp/whole"
    at=1 met=0
    while [ $at -le 400 ]; do
        CODEC=lib$format AT=$at$all LD_PRELOAD="$tmp/refuse.so" "$autodidact" info "$tmp/$format" --json \
            >"$tmp/.out" 2>"$tmp/.err"
        status=$? command="info, allocation $at of lib$format refused"
        if [ $status = 0 ]; then
            if cmp -s "$tmp/.out" "$tmp/whole"; then good; else bad "the set is another"; fi
        else
            met=$((met + 1))
            # WebPDecode itself may free what it never allocated
            if [ $format = webp ] && grep -q 'free()\|double free\|corruption' "$tmp/.err"; then good; else says err "memory"; fi
        fi
        at=$((at * 5 / 4 + 1))
    done
    check "lib$format was refused memory" test $met -gt 0
done
finish
