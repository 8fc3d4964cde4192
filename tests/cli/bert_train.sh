#!/bin/sh
# bert_train.sh: a tiny encoder learns to fill in the missing words of a text; the same bytes after kill -9 and with any
# number of threads; what it has learnt is asked for and tuned; a folder of texts; and everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert
mkdir "$tmp/texts"
i=0
while [ $i -lt 120 ]; do echo "the cat the cat the cat the cat the cat the cat"; i=$((i + 1)); done >"$tmp/texts/a.txt"
cp "$tmp/texts/a.txt" "$tmp/texts/b.txt"
printf '\377\376\001' >"$tmp/texts/picture.bin"
sizes="--layers 1 --heads 2 --width 16 --hidden 32 --length 12 --batch 8 --lr 1e-2"
common="--data $tmp/texts/a.txt --tokenizer $bert/bert $sizes --epochs 4 --checkpoint-every 10"

run "$autodidact" bert train $common --run "$tmp/a" --threads 1 --json
exits 0
check "words are filled in" awk 'match($0, /"validation_accuracy":[0-9.]+/) { a = substr($0, RSTART + 22, RLENGTH - 22) }
    END { exit !(a > 0.5) }' "$tmp/.out"
run "$autodidact" bert fill "$tmp/a" "the cat the [MASK]" -k 1 --json
exits 0
says out '"word":"cat"'
printf 'the cat\tyes\nhat\tno\n' >"$tmp/two.tsv"
run "$autodidact" bert tune --init "$tmp/a" --data "$tmp/two.tsv" --text 1 --label 2 --steps 2 --run "$tmp/tuned" --quiet
exits 0

# Killed while it trains, with another number of threads, it ends in the same bytes.
"$autodidact" bert train $common --run "$tmp/b" --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/b/checkpoints/step-000000010.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" bert train --resume "$tmp/b" --quiet
exits 0
check "the weights are the same after kill -9" cmp "$tmp/a/checkpoints/best.safetensors" "$tmp/b/checkpoints/best.safetensors"
run "$autodidact" bert tune --resume "$tmp/b"
exits 2

# A folder, a model to begin with, single pieces.
run "$autodidact" bert train --data "$tmp/texts" --init "$bert/roberta" --length 12 --batch 4 --steps 3 --run "$tmp/c"
exits 0
says err "1 of 3 files are no text in UTF-8 and left out"
run "$autodidact" bert train $common --steps 3 --no-whole-words --run "$tmp/d"
exits 2
says err "--steps, --epochs and --minutes"

# ---- what can go wrong ----
fails() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    run "$autodidact" bert train --steps 1 --run "$tmp/no" "$@" --quiet
    exits 1
    one_line err
    says err "$sentence"
    rm -rf "$tmp/no"
}
fails "--tokenizer or --init: nothing says how the text is spelled" --data "$tmp/texts/a.txt"
fails "an encoder from scratch is spelled with WordPiece" --data "$tmp/texts/a.txt" --tokenizer "$bert/roberta"
fails "--length is 25" --data "$tmp/texts/a.txt" --init "$bert/bert" --length 25
echo "the cat" >"$tmp/short.txt"
fails "2 tokens are too few to train and to validate on" --data "$tmp/short.txt" --init "$bert/bert" --length 12
fails "a width of 15 cannot be shared by 2 heads" --data "$tmp/texts/a.txt" --tokenizer "$bert/bert" --width 15 --heads 2
finish
