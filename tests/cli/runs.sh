#!/bin/sh
# runs.sh: the verbs about runs, on two small ones made here.
. "$(dirname "$0")/../check.sh"

picture() { # FILE BRIGHT DARK
    { printf 'P2 4 4 255\n'; for y in 1 2 3 4; do echo "$2 $2 $3 $3"; done; } >"$1"
}
mkdir -p "$tmp/data/left" "$tmp/data/right" "$tmp/runs"
for i in 1 2 3 4 5 6 7 8 9; do
    picture "$tmp/data/left/$i.pgm" 20$i 1$i
    picture "$tmp/data/right/$i.pgm" 1$i 20$i
done
train="$autodidact classify train --data $tmp/data --model mlp --batch 4 --val 0 --quiet"
run $train --steps 30 --checkpoint-every 10 --run "$tmp/runs/first"
exits 0
run $train --steps 20 --lr 0.02 --run "$tmp/runs/second"
exits 0

run "$autodidact" runs list "$tmp/runs"
exits 0
says out "first"
says out "30/30"
says out "finished"
check "a heading and two runs" test "$(wc -l <"$tmp/.out")" = 3
run "$autodidact" runs list "$tmp/runs" --json
says out '"system":"classify"'
says out '"result":{"'
check "a line for each" test "$(wc -l <"$tmp/.out")" = 2
run "$autodidact" runs list "$tmp/none"
exits 1
says err "there is no such folder"
mkdir "$tmp/runs/broken"
echo '{' >"$tmp/runs/broken/config.json"
run "$autodidact" runs list "$tmp/runs"
exits 0
says err "broken/config.json"
rm -r "$tmp/runs/broken"
mkdir "$tmp/runs/many"
{ printf '{"system":"x","options":{'; seq -f '"o%g":1,' 5000; echo '"z":1},"changed":[]}'; } >"$tmp/runs/many/config.json"
run "$autodidact" runs list "$tmp/runs"
exits 0
says err "its config.json has 5001 options; at most 4096 are accepted"
rm -r "$tmp/runs/many"

run "$autodidact" runs show "$tmp/runs/second"
exits 0
says out "lr                       0.02"
says out "again: autodidact classify train"
run "$autodidact" runs show "$tmp"
exits 1
one_line err

run "$autodidact" runs compare "$tmp/runs/first" "$tmp/runs/second" -o "$tmp/both.html"
exits 0
says out "lr "
says_not out "batch"
check "the page of both" grep -q "<svg" "$tmp/both.html"

run "$autodidact" runs export "$tmp/runs/first" -o "$tmp/model.safetensors"
exits 0
run "$autodidact" info "$tmp/model.safetensors"
says out "fc.weight"
says_not out "train."
run "$autodidact" classify predict "$tmp/model.safetensors" "$tmp/data/left/3.pgm" --top 1
exits 0
says out "left"
run "$autodidact" runs export "$tmp/runs/first" -o "$tmp/half.safetensors" --dtype bf16 --checkpoint 20
exits 0
run "$autodidact" info "$tmp/half.safetensors"
says out "bf16"
run "$autodidact" runs export "$tmp/runs/first" -o "$tmp/x.safetensors" --checkpoint 7
exits 1
says err "step-000000007.safetensors"
run "$autodidact" runs export "$tmp/runs/first" -o "$tmp/x.safetensors" --checkpoint first
exits 2
check "nothing was written" test ! -e "$tmp/x.safetensors"

# Without a folder: those in runs/, and what --run NAME made here. No figure is cut.
(cd "$tmp" && run $train --steps 2 --run here)
cd "$tmp"
run "$autodidact" runs list
exits 0
says out "runs/first "
says out "here "
says out "of "
cd "$root"
mkdir "$tmp/empty"
run sh -c "cd '$tmp/empty' && '$autodidact' runs list"
exits 0
says err "no run is there"

# Long names that begin alike are told apart.
long=$tmp/runs/a-name-that-is-the-same-for-very-many-letters-of-it
cp -r "$tmp/runs/first" "$long-one"
cp -r "$tmp/runs/second" "$long-two"
run "$autodidact" runs compare "$long-one" "$long-two"
exits 0
check "what differs is shown" sh -c "head -n 1 '$tmp/.out' | grep -qx ' *one  *two'"
mkdir "$tmp/other"
cp -r "$tmp/runs/first" "$tmp/other/first"
run "$autodidact" runs compare "$tmp/runs/first" "$tmp/other/first"
check "one name in two folders" sh -c "head -n 1 '$tmp/.out' | grep -q 'runs/first .*other/first'"
rm -r "$long-one" "$long-two"

# one that was stopped is resumed
cp -r "$tmp/runs/first" "$tmp/runs/third"
rm "$tmp/runs/third/result.json" "$tmp/runs/third/checkpoints/step-000000030.safetensors"
run "$autodidact" runs show "$tmp/runs/third"
says out "interrupted"
says out "resume: autodidact classify train --resume"
run "$autodidact" runs resume "$tmp/runs/third" --quiet --threads 1
exits 0
check "it ends in the same bytes" cmp "$tmp/runs/first/checkpoints/step-000000030.safetensors" \
    "$tmp/runs/third/checkpoints/step-000000030.safetensors"
# Commands that are shown can be copied, whatever the run is called.
mv "$tmp/runs/third" "$tmp/runs/it's \$HOME"
rm "$tmp/runs/it's \$HOME/result.json"
run "$autodidact" runs show "$tmp/runs/it's \$HOME"
says out "--resume '$tmp/runs/it'\\''s \$HOME'"
eval "set -- $(sed -n 's/^resume: autodidact//p' "$tmp/.out")"
run "$autodidact" "$@" --quiet
exits 0

# A start that came to nothing is not in the way of the next.
printf 'a\351b' >"$tmp/latin1.txt"
seq 1 400 >"$tmp/utf8.txt"
small="--layers 1 --heads 1 --width 8 --block 8 --batch 2 --quiet"
run "$autodidact" gpt train --data "$tmp/latin1.txt" $small --run "$tmp/runs/text"
exits 1
says err "UTF-8"
run "$autodidact" gpt train --data "$tmp/utf8.txt" $small --steps 2 --run "$tmp/runs/text"
exits 0
run "$autodidact" gpt train --data "$tmp/utf8.txt" $small --steps 2 --run "$tmp/runs/text"
exits 1
says err "already holds a run"

# A folder that somebody else made: nothing of it is followed, by any of the verbs.
cp -r "$tmp/runs/first" "$tmp/hostile"
echo secret >"$tmp/secret"
for name in config.json log.txt metrics.jsonl checkpoints/best.safetensors run.lock report.html; do
    mv "$tmp/hostile/$name" "$tmp/aside"
    ln -s "$tmp/secret" "$tmp/hostile/$name"
    for verb in "runs show" "runs report" "runs resume" "runs prune" "runs compare $tmp/runs/first" \
        "runs export -o $tmp/stolen.safetensors" "runs export --checkpoint 10 -o $tmp/stolen.safetensors" \
        "classify train --resume" "classify eval --data $tmp/data"; do
        run "$autodidact" $verb "$tmp/hostile"
        exits 1
        says err "hostile/$name"
        one_line err
    done
    run "$autodidact" runs list "$tmp"
    exits 0
    says err "hostile/$name"
    rm "$tmp/hostile/$name"
    mv "$tmp/aside" "$tmp/hostile/$name"
done
check "nothing was written through a link" grep -qx secret "$tmp/secret"
check "nothing was exported" test ! -e "$tmp/stolen.safetensors"

# Removing asks, and takes what is the run's.
run "$autodidact" runs prune "$tmp/runs/first" --dry-run
exits 0
says out "would remove 1 file"
run "$autodidact" runs prune "$tmp/runs/first"
says out "removed 1 file"
check "the newest stays" test -e "$tmp/runs/first/checkpoints/step-000000030.safetensors"
# a folder of somebody else's with a file of that name
mkdir "$tmp/foreign"
echo '{"model_type": "llama"}' >"$tmp/foreign/config.json"
for verb in show report "rm --yes" prune; do
    run "$autodidact" runs $verb "$tmp/foreign"
    exits 1
    one_line err
    says err "foreign: is not a run: its config.json is of something else"
done
check "what is of somebody else stays" test -s "$tmp/foreign/config.json"
run "$autodidact" runs rm "$tmp/runs/first"
exits 2
says err "--yes"
touch "$tmp/runs/first/notes"
run "$autodidact" runs rm "$tmp/runs/first" "$tmp/nothing" --yes
exits 1
check "a wrong name removes nothing" test -e "$tmp/runs/first/config.json"
run "$autodidact" runs rm "$tmp/runs/first" "$tmp/runs/second" --yes
exits 0
says err "runs/first/notes: is not of the run, and stays"
check "one is gone" test ! -e "$tmp/runs/second"
check "of the other its notes stay" test "$(ls "$tmp/runs/first")" = notes
finish
