#!/bin/sh
# elsewhere.sh - builds that are started in another folder, and into another one: the sources that take in a file
# by .incbin find it. (Objects alone; all that is built from them goes the same way.)
with_command=no
. "$(dirname "$0")/../check.sh"
cc=${CC:-gcc}

# What takes in a file, of what this build has, and a plain source.
objects=$(cd "$root" && grep -rl '\.incbin' --include='*.c' src zoo | sed 's/\.c$/.o/')
has jansson || objects=
objects="$objects src/base/version.o"

cd "$tmp" || exit 1
for object in $objects; do
    run make -s -f "$root/Makefile" CC="$cc" BUILD=here "$tmp/here/$object"
    exits 0
    check "$object is built in the folder where make was started" test -s "$tmp/here/$object"
    run make -s -C "$root" CC="$cc" BUILD="$tmp/there" "$tmp/there/$object"
    exits 0
    check "$object is built where BUILD says" cmp "$tmp/there/$object" "$tmp/here/$object"
done
run make -s -f "$root/Makefile" help
exits 0
says out "in $tmp/"
finish
