#!/bin/sh
# bert_labels.sh: a tiny encoder learns which labels a text has, several or none; separators, arrays in JSON lines; the
# same bytes after kill -9 and with any number of threads; bert eval and bert predict; learning rates by layer; and
# everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert
i=0
while [ $i -lt 15 ]; do printf 'the cat on the mat\tcat|mat\nthe hat\that\nun and a\t\nthe cat\t cat \n'; i=$((i + 1)); done >"$tmp/train.tsv"
head -8 "$tmp/train.tsv" >"$tmp/dev.tsv"
common="--task labels --init $bert/bare --data $tmp/train.tsv --valid $tmp/dev.tsv --test $tmp/dev.tsv --text 1 --label 2
    --lr 2e-2 --batch 8 --epochs 4 --quiet --checkpoint-every 10"

run "$autodidact" bert tune $common --run "$tmp/a" --threads 1 --json
exits 0
says out '"test_micro_f1":1,"test_macro_f1":1,"test_exact":1,'
run "$autodidact" bert eval "$tmp/a"
exits 0
says out "label  texts  precision"
says out "mat        2   100.00 %  100.00 %  100.00 %"
says out "exact                    1"
printf '{"text":"the cat on the mat","label":["mat","cat"]}\n{"text":"un and a","label":[]}\n' >"$tmp/two.jsonl"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/two.jsonl" --text text --label label --json
exits 0
says out '"texts":2,"metrics":{"micro_f1":1,"macro_f1":0.666666667,"exact":1,'
printf 'text|label\nthe cat on the mat|mat,cat\n' >"$tmp/bar.csv"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/bar.csv" --text text --label label --json
says out '"exact":1,'
printf 'the cat on the mat\tmat / cat\n' >"$tmp/slash.tsv"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/slash.tsv" --separator / --json
says out '"exact":1,'

# ---- what a model says of lines ----
printf 'the cat on the mat\n\nun and a\r\nthe hat' >"$tmp/lines.txt"
run "$autodidact" bert predict "$tmp/a" "$tmp/lines.txt"
exits 0
check "a line for each line" test "$(wc -l <"$tmp/.out")" = 4
check "labels with their probabilities" sh -c "head -1 '$tmp/.out' | grep -qE '^cat	0\\.[5-9][0-9]*	mat	0\\.[5-9][0-9]*\$'"
check "no label, no word" test -z "$(sed -n 3p "$tmp/.out")"
"$autodidact" bert predict "$tmp/a" - --json --quiet --threads 1 <"$tmp/lines.txt" >"$tmp/.out"
says out '{"event":"prediction","line":1,"labels":["cat","mat"],"probabilities":['
says out '"line":3,"labels":[],"probabilities":[]}'

# Killed while it trains, with another number of threads, it ends in the same bytes.
"$autodidact" bert tune $common --run "$tmp/b" --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/b/checkpoints/step-000000010.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" bert tune --resume "$tmp/b" --quiet
exits 0
check "the weights are the same after kill -9" cmp "$tmp/a/checkpoints/best.safetensors" "$tmp/b/checkpoints/best.safetensors"

# ---- classes, numbers and pairs ----
printf 'the cat\tyes\nhat\tno\n' >"$tmp/classes.tsv"
run "$autodidact" bert tune --init "$bert/bare" --data "$tmp/classes.tsv" --text 1 --label 2 --steps 60 --lr 2e-2 --layer-decay 0.8 --run "$tmp/c" --quiet
exits 0
printf 'the cat\nhat\n' >"$tmp/texts.txt"
run "$autodidact" bert predict "$tmp/c" "$tmp/texts.txt"
exits 0
check "the class and its probability" sh -c "head -1 '$tmp/.out' | grep -qE '^yes	0\\.[5-9][0-9]*\$'"
run "$autodidact" bert predict "$tmp/c" "$tmp/texts.txt" --json
says out '"line":2,"class":"no","probability":0.'
printf 'the cat\t4\nhat\t-2\n' >"$tmp/numbers.tsv"
run "$autodidact" bert tune --task numbers --init "$bert/bare" --data "$tmp/numbers.tsv" --text 1 --label 2 --steps 1 --length 6 --run "$tmp/n" --quiet
exits 0
run "$autodidact" bert predict "$tmp/n" "$tmp/lines.txt" --json
exits 0
says err "1 of 4 texts are longer than 6 tokens and were cut"
says out '{"event":"prediction","line":4,"number":'
run "$autodidact" bert predict "$tmp/n" "$tmp/lines.txt"
check "a number for each line" sh -c "grep -cE '^-?[0-9.]+\$' '$tmp/.out' | grep -qx 4"
printf 'the cat\tthe hat\tno\nhat\that\tyes\n' >"$tmp/pairs.tsv"
run "$autodidact" bert tune --init "$bert/bare" --data "$tmp/pairs.tsv" --text 1 --pair 2 --label 3 --steps 1 --run "$tmp/p" --quiet
run "$autodidact" bert predict "$tmp/p/checkpoints/best.safetensors" "$tmp/classes.tsv"
exits 0
check "a class for each pair" test "$(wc -l <"$tmp/.out")" = 2
run "$autodidact" bert predict "$tmp/p" "$tmp/lines.txt"
exits 1
one_line err
says err "lines.txt:1: has one column; the model was tuned on pairs, and expects two texts with a tab between them"
cp "$tmp/p/checkpoints/best.safetensors" "$tmp/alone.safetensors"
run "$autodidact" bert eval "$tmp/alone.safetensors" --on "$tmp/pairs.tsv" --text 1 --label 3
exits 1
one_line err
says err "alone.safetensors: was tuned on pairs; name the column of second texts with --pair"
run "$autodidact" bert eval "$tmp/alone.safetensors" --on "$tmp/pairs.tsv" --text 1 --pair 2 --label 3
exits 0
run "$autodidact" bert eval "$tmp/c" --on "$tmp/classes.tsv" --separator ,
exits 1
one_line err
says err "--separator: is of no use to --task classes"
run "$autodidact" bert eval "$tmp/c" --task numbers
exits 2
says err "--task"

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
data="--task labels --data $tmp/train.tsv --text 1 --label 2"
printf 'the cat\tcat\nthe dog\tcat|dog\n' >"$tmp/new.tsv"
fails 'new.tsv:2: the label "dog" is none of the 3 of' $data --valid "$tmp/new.tsv"
fails 'new.tsv:2: the label "dog" is none of the 3 of' $data --test "$tmp/new.tsv"
printf 'a\tcat\nb\tcat||mat\n' >"$tmp/hole.tsv"
fails "hole.tsv:2: the label is empty" --task labels --data "$tmp/hole.tsv" --text 1 --label 2
printf 'a\tcat\nb\tcat|mat|cat\n' >"$tmp/twice.tsv"
fails 'twice.tsv:2: the label "cat" stands there twice' --task labels --data "$tmp/twice.tsv" --text 1 --label 2
printf 'text,label\na,\nb,\n' >"$tmp/none.csv"
fails "none.csv: no text has a label" --task labels --data "$tmp/none.csv"
printf '{"text":"a","label":"cat"}\n' >"$tmp/text.jsonl"
fails 'text.jsonl:1: has no array "label" of labels' --task labels --data "$tmp/text.jsonl"
printf '{"text":"a","label":["cat"]}\n{"text":"a","label":["cat",{}]}\n' >"$tmp/object.jsonl"
fails "object.jsonl:2: label 2 is no text and no number" --task labels --data "$tmp/object.jsonl"
fails "--separator is empty" $data --separator ""
fails "--separator: is of no use to --task classes" --data "$tmp/classes.tsv" --text 1 --label 2 --separator ,
printf 'a\tb\351\nb\tc\n' >"$tmp/latin.tsv"
fails "latin.tsv:1: holds the byte 0xe9, expected UTF-8" --data "$tmp/latin.tsv" --text 1 --label 2
printf 'a\tb\nb \351\tc\n' >"$tmp/latin.tsv"
fails "latin.tsv:2: holds the byte 0xe9, expected UTF-8" --data "$tmp/latin.tsv" --text 1 --label 2
run "$autodidact" bert tune --init "$bert/roberta" --data "$tmp/latin.tsv" --text 1 --label 2 --run "$tmp/no" --quiet
exits 1
says err "latin.tsv:2: holds the byte 0xe9, expected UTF-8"
rm -rf "$tmp/no"
printf '{"text":"a","label":"x"}\n{"text":"\351","label":"y"}\n' >"$tmp/latin.jsonl"
fails "latin.jsonl: byte 34 (0xe9) is not UTF-8" --data "$tmp/latin.jsonl"
says err "(the byte is in line 2)"
printf 'a\tb\nc\n' >"$tmp/odd.tsv"
fails "odd.tsv:2" --data "$tmp/odd.tsv" --text 1 --label 2
run "$autodidact" bert tune $data --init "$bert/bare" --layer-decay 1.5
exits 2
says err "--layer-decay"
printf 'good\nbad \351\n' >"$tmp/latin.txt"
run "$autodidact" bert predict "$tmp/a" "$tmp/latin.txt"
exits 1
one_line err
says err "latin.txt: byte 9 (0xe9) is not UTF-8"
says err "(the byte is in line 2)"
: >"$tmp/empty.txt"
run "$autodidact" bert predict "$tmp/a" "$tmp/empty.txt"
exits 1
says err "empty.txt: the text is empty"
run "$autodidact" bert predict "$tmp/a"
exits 2
run "$autodidact" bert predict "$bert/bare" "$tmp/lines.txt"
exits 1
says err "was not tuned"
finish
