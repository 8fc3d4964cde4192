#!/bin/sh
# bert_tune.sh: a tiny encoder learns to tell classes apart; tables with and without a header, JSON lines, pairs; the
# same bytes after kill -9 and with any number of threads; bert eval; and everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert

# table FIRST COUNT: texts with a cat are "yes".
table() {
    i=$1
    while [ $i -lt $(($1 + $2)) ]; do
        if [ $((i % 2)) = 0 ]; then printf 'the cat on %s\tyes\n' $((i % 5 ? i % 5 : 7)); else printf 'hat and mat on mat\tno\n'; fi
        i=$((i + 1))
    done
}
table 0 60 >"$tmp/train.tsv"
table 100 20 >"$tmp/dev.tsv"
{ echo 'sentence,class'; table 7 20 | tr '\t' ','; } >"$tmp/named.csv"
common="--init $bert/bare --data $tmp/train.tsv --valid $tmp/dev.tsv --text 1 --label 2 --lr 5e-3 --batch 8 --epochs 4 --quiet --checkpoint-every 5"

run "$autodidact" bert tune $common --test "$tmp/dev.tsv" --run "$tmp/a" --threads 1 --json
exits 0
says out '"test_accuracy":1'
run "$autodidact" bert eval "$tmp/a"
exits 0
says out "yes"
says out "100.00 %"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/named.csv" --text sentence --label class --json
exits 0
says out '"accuracy":1'
printf '{"t":"the cat","l":"yes"}\n\n{"t":"hat and mat","l":"no"}\n' >"$tmp/two.jsonl"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/two.jsonl" --text t --label l --json
exits 0
says out '"texts":2'
printf 'the cat\n' >"$tmp/one.txt"
run "$autodidact" bert embed "$tmp/a" "$tmp/one.txt" -o "$tmp/one.npy" --quiet
exits 0

# Killed while it trains, with another number of threads, it ends in the same bytes.
"$autodidact" bert tune $common --test "$tmp/dev.tsv" --run "$tmp/b" --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/b/checkpoints/step-000000005.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" bert tune --resume "$tmp/b" --quiet
exits 0
check "the weights are the same after kill -9" cmp "$tmp/a/checkpoints/best.safetensors" "$tmp/b/checkpoints/best.safetensors"

# What each option does.
run "$autodidact" bert tune --init "$bert/roberta" --data "$tmp/train.tsv" --text 1 --pair 1 --label 2 --steps 3 --pooling cls --run "$tmp/c"
exits 0
says err "roberta.pooler.dense.weight"
run "$autodidact" bert tune --init "$bert/distilbert" --data "$tmp/train.tsv" --text 1 --label 2 --steps 3 --freeze 2 --run "$tmp/d" --quiet
exits 0
run "$autodidact" bert tune --init "$bert/distilbert" --data "$tmp/train.tsv" --text 1 --label 2 --steps 1 --freeze 3 --run "$tmp/e"
exits 1
says err "--freeze is 3, the model has 2 layers"

sed 's/yes$/4.5/; s/no$/-2/' "$tmp/train.tsv" >"$tmp/numbers.tsv"
run "$autodidact" bert tune --init "$bert/bare" --data "$tmp/numbers.tsv" --valid "$tmp/numbers.tsv" --test "$tmp/numbers.tsv" \
    --text 1 --label 2 --task numbers --lr 5e-3 --batch 8 --epochs 6 --run "$tmp/numbers" --json
exits 0
check "numbers are learnt" awk 'match($0, /"test_pearson":[0-9.]+/) { p = substr($0, RSTART + 15, RLENGTH - 15) }
    END { exit !(p > 0.9) }' "$tmp/.out"
run "$autodidact" bert eval "$tmp/numbers"
exits 0
says out "rmse"
run "$autodidact" bert tune $common --lora 2 --test "$tmp/dev.tsv" --run "$tmp/lora" --json
exits 0
says out '"test_accuracy":'
same() { # TENSOR: whether it is the same in the run as in the model that it began with
    "$autodidact" convert "$2" "$tmp/$3.npz" --quiet >/dev/null 2>&1
    unzip -p "$tmp/$3.npz" "$1.npy" | cksum
}
check "the encoder stays as it was" test \
    "$(same encoder.layer.0.attention.self.query.weight "$bert/bare/model.safetensors" bare)" = \
    "$(same bert.encoder.layer.0.attention.self.query.weight "$tmp/lora/checkpoints/best.safetensors" lora)"
check "the adapters do not" test \
    "$(same bert.encoder.layer.0.attention.self.value.lora_B.weight "$tmp/lora/checkpoints/best.safetensors" lora)" != \
    "$(head -c 192 /dev/zero | cksum)"
run "$autodidact" bert eval "$tmp/lora" --json
exits 0

# ---- what can go wrong ----
fails() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    run "$autodidact" bert tune --init "$bert/bare" --steps 1 --run "$tmp/no" "$@" --quiet
    exits 1
    one_line err
    says err "$sentence"
    rm -rf "$tmp/no"
}
printf 'the cat\tperhaps\n' >"$tmp/new.tsv"
fails 'new.tsv:1: the label "perhaps" is none of the 2 of' --data "$tmp/train.tsv" --test "$tmp/new.tsv" --text 1 --label 2
fails "there is no column 3: it has 2, without names" --data "$tmp/train.tsv" --text 1 --label 3
fails "has no column verdict; its columns" --data "$tmp/named.csv" --text sentence --label verdict
printf 'a\tyes\nb\tno\tmaybe\n' >"$tmp/odd.tsv"
fails "odd.tsv:2" --data "$tmp/odd.tsv" --text 1 --label 2
printf 'a\tyes\nb\tyes\n' >"$tmp/same.tsv"
fails 'all labels are "yes"' --data "$tmp/same.tsv" --text 1 --label 2
printf 'a\tyes\nb\t\n' >"$tmp/blank.tsv"
fails "blank.tsv:2: the label is empty" --data "$tmp/blank.tsv" --text 1 --label 2
fails 'train.tsv:1: the label "yes" is no number' --data "$tmp/train.tsv" --text 1 --label 2 --task numbers
printf '{"t":"a","l":"x"}\n{"t":"b"}\n' >"$tmp/short.jsonl"
fails 'short.jsonl:2: has no text or number "l"' --data "$tmp/short.jsonl" --text t --label l
printf '{"t":"a","l":\n' >"$tmp/cut.jsonl"
fails "cut.jsonl:1: is not a JSON object" --data "$tmp/cut.jsonl" --text t --label l
fails "--length is 25, the model has 24 places" --data "$tmp/train.tsv" --text 1 --label 2 --length 25
run "$autodidact" bert tune --data "$tmp/train.tsv"
exits 2
says err "--init"
run "$autodidact" bert eval "$bert/bare" --on "$tmp/dev.tsv"
exits 1
says err "was not tuned"
finish
