#!/bin/sh
# rooms.sh: a room includes only itself and the rooms above it; zoo and cli include the public headers and
# files of their own. Also: nothing in the library prints or ends the process, and every extern name
# of the library begins with ad_.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
rooms="base graph ops plan device nn optim io command"

check() { # NAME OFFENDERS
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$1" "$2"
    fi
}

# "file:line: room" of every quoted include of src/ROOM
for folder in src/*/; do
    room=$(basename "$folder")
    case " $rooms " in
    *" $room "*) ;;
    *) check "src/$room is no room that rooms.sh knows" "$folder"; continue ;;
    esac
    allowed=${rooms%%"$room"*}$room
    [ "$room" = command ] && allowed="base command"
    pattern=$(echo "$allowed" | tr ' ' '|')
    # An include without a folder is a neighbour's file; the table of ops is data that all may read.
    check "$room includes a room that is not above it" \
        "$(grep -rnE '^[ 	]*#[ 	]*include "[a-z0-9_]+/' --include='*.[ch]' --include='*.def' "$folder" | grep -vE "#[ 	]*include \"(($pattern)/|ops/ops.def)")"
done

for folder in cli zoo examples bench; do
    [ -d $folder ] || continue
    check "$folder includes internal headers" \
        "$(grep -rnE '^[ 	]*#[ 	]*include "' --include='*.[ch]' $folder | grep -E "include \"($(echo "$rooms" | tr ' ' '|'))/" |
            grep -v '^bench/')"
done
check "zoo or examples include the command line's files" \
    "$(grep -rnE '#[ 	]*include "cli/' --include='*.[ch]' $(ls -d zoo examples 2>/dev/null) /dev/null)"
check "a public header includes an internal one" "$(grep -nE '#[ 	]*include "' include/autodidact/*.h)"
check "the library prints or ends the process" \
    "$(grep -rnwE 'printf|puts|putchar|perror|abort|exit|_exit|assert' --include='*.[ch]' src |
        grep -vE '/\*|^[^:]*:[0-9]*: \*|__attribute__|format\(printf|static_assert|_Static_assert')"

if [ -n "$LIBRARY" ]; then
    check "extern names without ad_" \
        "$(nm -g --defined-only "$LIBRARY" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ && $3 !~ /^(ad_|__)/ { print $3 }')"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
