#!/bin/sh
# rooms.sh: a room includes only itself and the rooms it stands on, by their own headers or by the public ones;
# zoo and cli include the public headers and files of their own. Also: nothing in the library prints
# or ends the process, and every extern name of the library begins with ad_.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
rooms="base record graph ops plan device nn onnx optim io film flow absent draw score command data/samples data/table data/text data/pictures data/graphs run page train system"

stands_on() { # ROOM: itself and what it may include
    case $1 in
    base) echo base ;;
    io) echo base io ;;
    film) echo base io film ;;
    flow) echo base io device flow ;;
    absent) echo base io film onnx absent ;;
    score) echo base graph ops plan score ;;
    draw) echo base io draw ;;
    record) echo base io record ;;
    command) echo base io record command ;;
    graph) echo base graph ;;
    ops) echo base graph ops ;;
    plan) echo base graph ops plan ;;
    device) echo base graph ops plan device ;;
    nn) echo base graph ops io nn ;;
    onnx) echo base graph ops io nn onnx ;;
    optim) echo base graph ops plan io nn record optim ;;
    data/samples) echo base graph ops plan data/samples ;;
    data/text) echo base io data/samples data/text ;;
    data/table) echo base io data/table ;;
    data/pictures) echo base io record data/samples data/table data/pictures ;;
    data/graphs) echo base io data/table data/graphs ;;
    run) echo base io record run ;;
    page) echo base io draw record run page ;;
    train) echo base graph ops plan io nn optim draw record command run page train ;;
    system) echo base graph ops plan io nn optim draw record command data/samples data/pictures run page train system ;;
    esac
}

# The rooms' parts of include/autodidact.
public='base=base tensor=base graph=graph ops=ops program=plan nn=nn onnx=onnx optim=optim io=io json=io gguf=io image=io events=io film=film flow=flow
    draw=draw plot=draw layout=draw scores=score record=record command=command table=command
    samples=data/samples data=data/pictures tokenizer=data/text graph_data=data/graphs
    table_data=data/table run=run watch=base metrics=base train=train system=system profile=train wisdom=plan tuning=train'

check() { # NAME OFFENDERS
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$1" "$2"
    fi
}

for folder in src/*/ src/data/*/; do
    [ "$folder" != src/data/ ] || continue
    room=${folder#src/} room=${room%/}
    if [ -z "$(stands_on "$room")" ]; then
        check "src/$room is no room that rooms.sh knows" "$folder"
        continue
    fi
    # An include without a folder is a neighbour's file.
    allowed='"[^/]*"'
    # The reverse walk makes zeros and adds gradients up with the builders that everyone uses.
    [ "$room" != graph ] || allowed="$allowed|<autodidact/ops\.h>"
    for other in $(stands_on "$room"); do
        allowed="$allowed|\"$other/"
        for header in $public; do
            [ "${header#*=}" != "$other" ] || allowed="$allowed|<autodidact/${header%=*}\.h>"
        done
    done
    check "$room includes a room that it does not stand on" \
        "$(grep -rnE '^[ 	]*#[ 	]*include[ 	]*("[a-z0-9_]+/|<autodidact/)' --include='*.[ch]' --include='*.def' "$folder" |
            grep -vE "include[ 	]*($allowed)")"
done

for folder in cli zoo examples bench; do
    [ -d $folder ] || continue
    check "$folder includes internal headers" \
        "$(grep -rnE '^[ 	]*#[ 	]*include "' --include='*.[ch]' $folder | grep -E "include \"($(echo "$rooms" | tr ' ' '|'))/" |
            grep -v '^bench/')"
done
check "zoo or examples include the command line's files" \
    "$(grep -rnE '#[ 	]*include "cli/' --include='*.[ch]' $(ls -d zoo examples 2>/dev/null) /dev/null)"
check "tests of two folders are built to one program" \
    "$(ls tests/unit/*.c tests/zoo/*.c | sed 's|.*/||' | sort | uniq -d)"
check "a public header includes an internal one" "$(grep -nE '#[ 	]*include "' include/autodidact/*.h)"
check "zoo or cli print beside ad_command_print, which makes text harmless" \
    "$(grep -rnE '(^|[^a-z_])((printf|puts|putchar|perror)\(|stdout|stderr)' --include='*.[ch]' zoo cli | grep -v '^cli/help\.c:')"
check "the library prints or ends the process" \
    "$(grep -rnwE 'printf|puts|putchar|perror|abort|exit|_exit|assert' --include='*.[ch]' src |
        grep -vE '/\*|^[^:]*:[0-9]*: \*|__attribute__|format\(printf|static_assert|_Static_assert')"

if [ -n "$LIBRARY" ]; then
    check "extern names without ad_" \
        "$(nm -g --defined-only "$LIBRARY" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ && $3 !~ /^(ad_|__)/ { print $3 }')"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
