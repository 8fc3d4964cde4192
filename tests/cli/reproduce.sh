#!/bin/sh
# reproduce.sh - the scripts that reach published figures again say which data they miss, before anything is
# made, and how to name a folder that has them.
. "$(dirname "$0")/../check.sh"

for script in "$root"/tools/reproduce/*; do
    run env AUTODIDACT="$autodidact" BUILD="$tmp" DATA="$tmp/none" "$script"
    exits 1
    says out "no $tmp/none/"
    silent err
    name=$(sed -n 's/.*, or \([A-Z]*\)=.*/\1/p' "$tmp/.out")
    run env AUTODIDACT="$autodidact" BUILD="$tmp" DATA="$tmp/none" "$name=$tmp/elsewhere" "$script"
    exits 1
    says out "no $tmp/elsewhere"
    check "${script##*/} has touched nothing" test -z "$(ls "$tmp")"
done
finish
