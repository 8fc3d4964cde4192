#!/bin/sh
# train_kill.sh - training that is killed, asked to stop, and finds its disk full or a file too large, 20 times at
# random moments: each time it can be resumed and nothing earlier is lost, and in the end the checkpoint is,
# byte for byte, that of a run that nothing happened to. SEED chooses the moments.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
seed=${SEED:-$$}
i=0
while [ $i -lt 120 ]; do
    echo "$i bottles of beer on the wall, $i bottles of beer; take one down and pass it around."
    i=$((i + 1))
done >beer.txt

steps=2400
last=checkpoints/step-$(printf %09d $steps).safetensors
# Each of the two is to be the last command of a subshell, which it then replaces: signals go to that process.
begin() { # RUN OPTION...
    folder=$1
    shift
    exec "$autodidact" gpt train --data beer.txt --run "$folder" --layers 2 --heads 2 --width 32 --block 32 --batch 4 \
        --dropout 0.1 --ema 0.99 --clip 1 --accumulate 2 --steps $steps --eval-every 200 --sample-tokens 20 \
        --log-every 10 --checkpoint-every 40 --keep 2 --histograms -q "$@"
}
resume() { exec "$autodidact" gpt train --resume "$1" -q --threads $((1 + moments % 3)); }
go_on() { if [ -f "$1/config.json" ]; then resume "$1"; else begin "$1"; fi; }

# A disk of little room for the runs, where that can be had; else the limit on a file's size stands in for it.
mkdir disk
small_disk=
if mount -t tmpfs -o size=8m tmpfs disk 2>/dev/null; then
    small_disk=yes
    trap 'umount "$tmp/disk"; chmod -R u+w "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
fi

whole() { (begin whole --threads 1); }
run whole
exits 0
seconds=$(sed -n 's/.*"seconds": *\([0-9.]*\).*/\1/p' whole/result.json)
lines() { sed 's/"seconds":[^,]*,//' "$1"/metrics.jsonl; }

newest() { # RUN: the newest checkpoint's step, -1: none
    for file in "$1"/checkpoints/step-*.safetensors; do echo "$file"; done |
        sed -n 's/.*step-0*\([0-9][0-9]*\)\.safetensors/\1/p' | sort -n | tail -n 1 | grep . || echo -1
}
moments=0
moment() { # seconds, another at each call; a run lasts for more of them than there are
    awk -v seed="$seed" -v n="$moments" -v whole="$seconds" \
        'BEGIN { srand(seed * 1000 + n); printf "%.3f\n", 0.01 + whole / 15 * rand() }'
}

# Whether what $1 held is there still: its newest checkpoint $2 or a newer one, whole, and the numbers up to it.
nothing_lost() {
    newer=$(newest "$1")
    [ "$newer" -ge "$2" ] || return 1
    [ "$newer" -ge 0 ] || return 0
    "$autodidact" info "$1/checkpoints/step-$(printf %09d "$newer").safetensors" || return 1
    lines whole | awk -F '[:,]' -v to="$newer" '$2 <= to' >expected
    [ -f "$1/metrics.jsonl" ] || touch "$1/metrics.jsonl"
    lines "$1" | head -n "$(wc -l <expected)" | cmp - expected
}

runs=1 finished=0 killed=0 stopped=0 filled=0 limited=0 run=disk/run1
while [ $moments -lt 20 ]; do
    before=$(newest $run)
    case $((moments % 4)) in
    0) kind=kill ;;
    1) kind=stop ;;
    2) kind=fill ;;
    3) kind=$([ $((moments % 8)) = 3 ] && echo limit || echo kill) ;;
    esac
    [ $kind != fill ] || [ -n "$small_disk" ] || kind=limit
    [ $kind != limit ] || [ -f $run/config.json ] || kind=kill
    command="$kind $moments of seed $seed, from step $before"
    if [ $kind = limit ]; then # no file may become as large as a checkpoint
        (ulimit -f 300 && resume $run) >.out 2>.err </dev/null
        status=$?
    else
        (go_on $run) >.out 2>.err </dev/null &
        pid=$!
        sleep "$(moment)"
        case $kind in
        kill) kill -KILL $pid ;;
        stop) kill -TERM $pid ;;
        fill) head -c 16m /dev/zero >disk/ballast ;;
        esac 2>/dev/null
        wait $pid 2>/dev/null
        status=$?
        rm -f disk/ballast
    fi
    if [ $status = 0 ]; then # it was done before its moment came; the moment finds another run
        finished=$((finished + 1))
        check "run $run ends in the same bytes" cmp whole/$last $run/$last
        rm -rf $run
        runs=$((runs + 1)) run=disk/run$runs
        [ $runs -lt 20 ] || break
        continue
    fi
    case $kind in
    kill)
        killed=$((killed + 1))
        exits 137
        ;;
    stop)
        stopped=$((stopped + 1))
        if [ $status != 143 ]; then # not yet, or no longer, in its steps
            exits 1
            one_line err
            says err "resume with: autodidact gpt train --resume $run"
        fi
        ;;
    fill)
        filled=$((filled + 1))
        exits 1
        one_line err
        says err "$run"
        says err 'No space left on device'
        ;;
    limit)
        limited=$((limited + 1))
        exits 1
        one_line err
        says err "$run/"
        says err 'File too large'
        ;;
    esac
    check "what step $before left is not lost" nothing_lost $run "$before"
    moments=$((moments + 1))
done
the_rest() { (go_on $run); }
run the_rest
exits 0
check 'in the end the bytes are the same' cmp whole/$last $run/$last
check 'and those of the best weights' cmp whole/checkpoints/best.safetensors $run/checkpoints/best.safetensors
lines whole >expected
lines $run >found
check 'no step is logged twice, or not at all' cmp expected found
check 'nothing half-written stays' [ -z "$(find $run -name '*.tmp')" ]
check 'two checkpoints and the best are kept' [ "$(find $run/checkpoints -type f | wc -l)" = 3 ]
check 'it says that it is finished' grep -q '"state": "finished"' $run/result.json
echo "killed $killed times, stopped $stopped, disk full $filled, file too large $limited; $((finished + 1)) runs ended"
finish
