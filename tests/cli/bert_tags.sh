#!/bin/sh
# bert_tags.sh: a tiny encoder learns the tags of words from CoNLL's lines and from JSON lines; the same bytes after
# kill -9 and with any number of threads; bert eval and bert predict; and everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert
i=0
while [ $i -lt 15 ]; do printf '\055DOCSTART- O\n\nthe O\ncats B-A\nsat  I-A\n\n \nun O\nhat B-B\n\n'; i=$((i + 1)); done >"$tmp/train.conll"
printf 'a\t1\tO\r\ncats\t2\tB-A\r\nsat\t3\tI-A\r\n\r\nun\t4\tO\nhat\t5\tB-B' >"$tmp/dev.conll"
common="--task tags --init $bert/bare --data $tmp/train.conll --valid $tmp/dev.conll --test $tmp/dev.conll
    --lr 3e-2 --layer-decay 0.9 --batch 8 --epochs 6 --quiet --checkpoint-every 5"

run "$autodidact" bert tune $common --run "$tmp/a" --threads 1 --json
exits 0
says out '"test_f1":1,"test_precision":1,"test_recall":1,"test_accuracy":1,'
run "$autodidact" bert eval "$tmp/a"
exits 0
says out "entity  entities  precision"
says out "A              1   100.00 %"
printf '{"tokens":["a","cats","sat"],"ner":["O","B-A","I-A"]}\n\n{"tokens":["un","hat"],"ner":["O","I-B"]}\n' >"$tmp/two.jsonl"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/two.jsonl" --text tokens --label ner --json
exits 1
says err 'two.jsonl:3: the label "I-B" is none of the 4 of the model (the first is "O")'
sed -i 's/I-B/B-B/' "$tmp/two.jsonl"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/two.jsonl" --text tokens --label ner --json
exits 0
says out '"texts":2,"metrics":{"f1":1,'
sed 's/"tokens"/"words"/; s/"ner"/"tags"/' "$tmp/two.jsonl" >"$tmp/usual.jsonl"
run "$autodidact" bert eval "$tmp/a" --on "$tmp/usual.jsonl" --json
says out '"texts":2,"metrics":{"f1":1,'

# A sentence is divided, and its words are found all the same.
run "$autodidact" bert eval "$tmp/a" --on "$tmp/dev.conll" --length 4 --json
exits 0
says err "1 sentences are longer than 4 tokens and were divided"
says out '"texts":4,'

# ---- what a model says of lines ----
printf 'the cats sat\n\n  u\000n\that \342\200\213' >"$tmp/lines.txt"
run "$autodidact" bert predict "$tmp/a" "$tmp/lines.txt"
exits 0
check "words, tags and probabilities, sentences apart" test "$(cut -f 1,2 <"$tmp/.out" | head -8 | tr '\t\n' ' /')" = \
    'the O/cats B-A/sat I-A///un O/hat B-B/\u200b O/'
"$autodidact" bert predict "$tmp/a" - --json --quiet <"$tmp/lines.txt" >"$tmp/.out"
says out '{"event":"prediction","line":1,"words":["the","cats","sat"],"tags":["O","B-A","I-A"],"probabilities":[0.'
says out '"line":2,"words":[],"tags":[],"probabilities":[]}'
yes cats 2>/dev/null | head -50000 | tr '\n' ' ' >"$tmp/long.txt"
run "$autodidact" bert predict "$tmp/a" "$tmp/long.txt"
exits 0
says err "1 sentences are longer than 24 tokens and were divided"
check "each of 50,000 words has a tag" test "$(wc -l <"$tmp/.out")" = 50001
run "$autodidact" bert embed "$tmp/a" "$tmp/lines.txt" -o "$tmp/v.npy" --quiet
exits 0

# Killed while it trains, with another number of threads, it ends in the same bytes.
"$autodidact" bert tune $common --run "$tmp/b" --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/b/checkpoints/step-000000005.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" bert tune --resume "$tmp/b" --quiet
exits 0
check "the weights are the same after kill -9" cmp "$tmp/a/checkpoints/best.safetensors" "$tmp/b/checkpoints/best.safetensors"
for kind in roberta distilbert; do
    run "$autodidact" bert tune --task tags --init "$bert/$kind" --data "$tmp/train.conll" --steps 2 --batch 4 --run "$tmp/$kind" --quiet
    exits 0
done

# What was tuned can be tuned and trained further; then it knows no tags any more.
printf 'the cat\tyes\nhat\tno\n' >"$tmp/classes.tsv"
run "$autodidact" bert tune --init "$tmp/a" --data "$tmp/classes.tsv" --text 1 --label 2 --steps 1 --run "$tmp/c" --quiet
exits 0
run "$autodidact" bert predict "$tmp/c" "$tmp/lines.txt"
exits 0
check "a class for each line" test "$(wc -l <"$tmp/.out")" = 3
run "$autodidact" bert train --init "$tmp/a" --data "$tmp/long.txt" --length 12 --batch 2 --steps 1 --run "$tmp/t" --quiet
exits 0
run "$autodidact" bert predict "$tmp/t" "$tmp/lines.txt"
exits 1
says err "was not tuned; \`bert tune\` makes such a model"

# ---- what can go wrong ----
fails() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    run "$autodidact" bert tune --task tags --init "$bert/bare" --steps 1 --run "$tmp/no" "$@" --quiet
    exits 1
    one_line err
    says err "$sentence"
    rm -rf "$tmp/no"
}
printf 'a O\ncat B-C\n\ncat B-D x\n' >"$tmp/bad.conll"
fails "bad.conll:4: has 3 columns, the lines before it 2" --data "$tmp/bad.conll"
printf 'a O\ncat B-D\n' >"$tmp/bad.conll"
fails 'bad.conll:2: the label "B-D" is none of the 4 of' --data "$tmp/train.conll" --test "$tmp/bad.conll"
printf 'a\ncat\n' >"$tmp/bad.conll"
fails "bad.conll:1: has one column; expected a word and its tag" --data "$tmp/bad.conll"
printf 'a\tO\ncat\t\n' >"$tmp/bad.conll"
fails "bad.conll:2: the label is empty" --data "$tmp/bad.conll"
printf 'a\tO\n\tB-A\n' >"$tmp/bad.conll"
fails "bad.conll:2: the word is empty" --data "$tmp/bad.conll"
printf 'a O\nb O\n' >"$tmp/bad.conll"
fails 'bad.conll: all labels are "O"' --data "$tmp/bad.conll"
printf '\n\n' >"$tmp/bad.conll"
fails "bad.conll: has no rows" --data "$tmp/bad.conll"
printf 'a O\nb \351\n' >"$tmp/bad.conll"
fails "bad.conll: byte 6 (0xe9) is not UTF-8" --data "$tmp/bad.conll"
says err "(the byte is in line 2)"
fails "there is no column 3 (--label): it has 2" --data "$tmp/train.conll" --label 3
fails "--text is word, expected a number" --data "$tmp/train.conll" --text word
printf '{"words":["a","b"],"tags":["O"]}\n' >"$tmp/bad.jsonl"
fails 'bad.jsonl:1: has 2 "words" and 1 "tags"' --data "$tmp/bad.jsonl"
printf '{"words":["a"],"tags":["O"]}\n{"words":[],"tags":[]}\n' >"$tmp/bad.jsonl"
fails 'bad.jsonl:2: has no array "words" with something in it' --data "$tmp/bad.jsonl"
printf '{"words":["a",""],"tags":["O","O"]}\n' >"$tmp/bad.jsonl"
fails "bad.jsonl:1: the word is empty" --data "$tmp/bad.jsonl"
printf '{"words":["a",null],"tags":["O","O"]}\n' >"$tmp/bad.jsonl"
fails "bad.jsonl:1: word 2 is no text and no number" --data "$tmp/bad.jsonl"
fails "--pair: is of no use to --task tags" --data "$tmp/train.conll" --pair 2
fails "--pooling: is of no use to --task tags" --data "$tmp/train.conll" --pooling cls
finish
