#!/bin/sh
# translate_train.sh: what `translate train` reads: merges left out at random, the same bytes after kill -9; several files
# with weights; vocabularies and files that do not fit.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

# A language of numbers: each word by another.
awk 'BEGIN {
    split("zero one two three four five six seven", a); split("null eins zwei drei vier fuenf sechs sieben", b)
    seed = 7
    for (i = 0; i < 150; ++i) {
        seed = (seed * 1103515245 + 12345) % 2147483648; n = 1 + int(seed / 65536) % 4; s = ""; t = ""
        for (k = 0; k < n; ++k) {
            seed = (seed * 1103515245 + 12345) % 2147483648; w = 1 + int(seed / 65536) % 8
            s = s (k ? " " : "") a[w]; t = t (k ? " " : "") b[w]
        }
        print s >"en"; print t >"de"; print s "\t" t >"table"
    }
}'
head -20 en >v.en && head -20 de >v.de
head -50 en >1.en && head -50 de >1.de && tail -100 en >2.en && tail -100 de >2.de
valid="--valid-source v.en --valid-target v.de"
tiny="--layers 1 --heads 2 --width 16 --hidden 16 --vocab 290 --batch-tokens 128 --longest 32 --eval-lines 2 --dropout 0"
common="$tiny $valid --eval-every 40 --quiet"

# Merges left out at random.
dropped="$common --source en --target de --steps 40 --checkpoint-every 10 --bpe-dropout 0.3 --bpe-variants 3"
run "$autodidact" translate train $dropped --run a --threads 1
exits 0
"$autodidact" translate train $dropped --run b --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e b/checkpoints/step-000000010.safetensors ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" runs resume b --quiet
exits 0
check "killed, resumed, with more threads: the same bytes" cmp a/checkpoints/best.safetensors b/checkpoints/best.safetensors
run "$autodidact" translate train $common --source en --target de --steps 4 --run plain
run "$autodidact" translate train $common --source en --target de --steps 4 --bpe-dropout 0 --run none
check "nothing left out is the plain encoding" cmp plain/checkpoints/best.safetensors none/checkpoints/best.safetensors
run "$autodidact" translate train $common --source en --target de --steps 4 --bpe-dropout 0.3 --run some
check "something left out is another" sh -c '! cmp -s plain/checkpoints/best.safetensors some/checkpoints/best.safetensors'

# Several files, some of them more often.
pairs_of() { sed -n 's/.*"summary": *"\([0-9]*\) pairs.*/\1/p' "$1/config.json"; }
run "$autodidact" translate train $common --source 1.en,2.en --target 1.de,2.de --steps 2 --run lists
exits 0
check "all files are read" test "$(pairs_of lists)" = 150
run "$autodidact" translate train $common --source 1.en,2.en --target 1.de,2.de --weights 3,1 --steps 2 --run weights
exits 0
check "weights count" test "$(pairs_of weights)" = 250
run "$autodidact" translate train $tiny --pairs table,table --weights 2,1 --steps 2 --run tables
exits 0
says err "every 50th pair is kept to validate with, 6 in all"
check "what is kept to validate with is not trained on" test "$(pairs_of tables)" = 441

refused() { # SENTENCE COMMAND...
    sentence=$1
    shift
    run "$@"
    exits 1
    one_line err
    says err "$sentence"
}
train() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    refused "$sentence" "$autodidact" translate train $tiny --steps 2 --quiet --run x "$@"
}
train "--source names 2 files, --target 1: expected as many" --source 1.en,2.en --target 1.de
train "--valid-source names 1 files, --valid-target 2: expected as many" --source en --target de --valid-source v.en \
    --valid-target v.de,v.de
train "--weights has 3 numbers, --source names 2 files: expected as many" --source 1.en,2.en --target 1.de,2.de --weights 1,2,3
train '"0" is not a whole number from 1 to 1000' --source 1.en,2.en --target 1.de,2.de --weights 1,0
train '"2x" is not a whole number' --pairs table --weights 2x
train '--source: item 2 of "1.en," is empty' --source 1.en, --target 1.de,2.de
train "2.en has 100 lines, 1.de 50: expected line for line the same" --source 1.en,2.en --target 1.de,1.de
printf 'one\ntwo \351\n' >latin
train "latin: byte 8 (0xe9) is not UTF-8" --source 1.en,latin --target 1.de,latin
train "(the byte is in line 2)" --source 1.en,latin --target 1.de,latin
printf 'one\teins\ntwo\n' >narrow
train "narrow: line 2 has 1 columns, expected 2 or more" --pairs table,narrow

# Vocabularies that do not fit.
words=$fixtures/tokenizers/vocab.txt
train "--bpe-dropout: $words has the kind WordPiece, not BPE" --source en --target de --tokenizer "$words" --bpe-dropout 0.1
refused "--tokenizer: sizes and vocabulary are those of --init a" "$autodidact" translate train --source en --target de \
    --init a --tokenizer "$words" --run x
refused "gpt2_tiny" "$autodidact" translate train --source en --target de --init "$fixtures/gpt2_tiny" --run x
run "$autodidact" runs export a -o a.safetensors --quiet
exits 0
sed 's/_vocab":"2\([0-9]*\)"/_vocab":"3\1"/g' a.safetensors >other.safetensors
check "the vocabulary was changed" sh -c '! cmp -s a.safetensors other.safetensors'
refused "tokens, the network knows 3" "$autodidact" translate run other.safetensors "one"

# A vocabulary of words, and lines of nothing that it has.
run "$autodidact" translate train $common --source en --target de --tokenizer "$words" --steps 2 --run worded
exits 0
printf '\342\230\203\342\230\203\n\n\346\235\261 \346\235\261\n' >unknown
run "$autodidact" translate run worded -i unknown -o unknown.out
exits 0
check "as many lines" test "$(wc -l <unknown.out)" = 3
check "an empty line stays in its place" test -z "$(sed -n 2p unknown.out)"

# The schedule as a picture.
run "$autodidact" translate show a "one two" --translation "eins zwei" -o looks
exits 0
check "there is the schedule" grep -q "Learning rate" looks/schedule.svg
run "$autodidact" translate show a.safetensors "one two" --translation "eins zwei" -o exported
exits 0
check "what is no run has none" test ! -e exported/schedule.svg
finish
