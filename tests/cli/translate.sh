#!/bin/sh
# translate.sh: a translator from training to a scored file: pairs from files and tables, what is left out, the
# same bytes with any number of threads and after kill -9, lines in and out, scores, pictures, what is refused.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

# A language of numbers: each word by another, in reverse.
awk 'BEGIN {
    split("zero one two three four five six seven", a); split("null eins zwei drei vier fuenf sechs sieben", b)
    seed = 7
    for (i = 0; i < 400; ++i) {
        seed = (seed * 1103515245 + 12345) % 2147483648; n = 1 + int(seed / 65536) % 5; s = ""; t = ""
        for (k = 0; k < n; ++k) {
            seed = (seed * 1103515245 + 12345) % 2147483648; w = 1 + int(seed / 65536) % 8
            s = s (k ? " " : "") a[w]; t = b[w] (k ? " " : "") t
        }
        print s "." >"en"; print t "." >"de"; print "x\t" s ".\t" t "." >"table"
    }
}'
head -40 en >v.en && head -40 de >v.de
gzip -k en && xz -k de
net="--layers 1 --heads 2 --width 32 --hidden 64 --vocab 280 --dropout 0 --batch-tokens 256 --warmup 30 --longest 40"
common="$net --valid-source v.en --valid-target v.de --steps 120 --eval-every 60 --checkpoint-every 40 --eval-lines 10 --quiet"

run "$autodidact" translate train --source en --target de $common --run a --threads 1
exits 0
says out validation_bleu
for file in a/report.html a/checkpoints/best.safetensors; do check "there is $file" test -s $file; done
check "the run has a picture of attention" grep -q "each word written (down) looks at the source" a/samples/attention.svg
check "the report has translations" grep -q eins a/report.html
"$autodidact" translate train --source en.gz --target de.xz $common --run b --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e b/checkpoints/step-000000040.safetensors ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" runs resume b --quiet
exits 0
check "killed, resumed, with more threads: the same bytes" cmp a/checkpoints/best.safetensors b/checkpoints/best.safetensors

# Lines in, lines out.
printf 'one two.\n\nfive.\n   \n\342\230\203 \346\235\261\n' >in
run "$autodidact" translate run a -i in -o out.txt
exits 0
check "as many lines" test "$(wc -l <out.txt)" = 5
check "an empty line stays in its place" test -z "$(sed -n '2p;4p' out.txt | tr -d '\n')"
says err "5 lines in"
"$autodidact" translate run a --quiet <in >piped.txt 2>/dev/null
check "a pipe gives the same" cmp out.txt piped.txt
"$autodidact" translate run a --quiet --threads 1 - <in >piped.txt
check "so do fewer threads" cmp out.txt piped.txt
run "$autodidact" translate run a "one two." --n-best 3
exits 0
check "three hypotheses" test "$(grep -c '^0 ||| .* ||| -[0-9.]*$' .out)" = 3
run "$autodidact" translate run a "one two three." --align
check "words that belong together" grep -qE '^[^|]+ \|\|\| [0-2]-0( [0-2]-[0-9]+)*$' .out
run "$autodidact" translate run a "one two." --sample --seed 5 --json
cp .out drawn
run "$autodidact" translate run a "one two." --sample --seed 5 --json
check "a seed draws the same" cmp .out drawn
check "as one object" grep -q '^{"event":"translation","line":1,"text":".*","score":-[0-9.]*,"cut":[a-z]*}$' .out
awk 'BEGIN { for (i = 0; i < 50000; ++i) printf "one "; print "two." }' >long
run "$autodidact" translate run a -i long -o long.out --beam 1
exits 0
says err "1 lines were longer than 40 tokens"
check "a line of 50,000 words is one line" test "$(wc -l <long.out)" = 1
check "and is translated to its end" test "$(wc -c <long.out)" -gt 20000

# Scores.
run "$autodidact" translate eval a --source v.en --target v.de --json -o eval.out
exits 0
says out '"signature":"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"'
for key in bleu chrf perplexity lines_per_second; do says out "\"$key\":"; done
"$autodidact" translate run a -i v.en -o v.out --quiet
check "-o has what run says" cmp eval.out v.out
run "$autodidact" translate eval a --source v.de --target v.de --tokenize none --lower-case --beam 1 --json
says out 'case:lc|eff:no|tok:none'

run "$autodidact" translate eval a --source v.en --target v.de --average 2 --beam 1 --json
exits 0
cp .out mean
run "$autodidact" translate eval a --source v.en --target v.de --average 1 --beam 1 --json
check "a mean of two checkpoints is not the last" sh -c '! cmp -s mean .out'

# Pictures.
run "$autodidact" translate show a "one two three." -o looks
exits 0
for file in encoder-1 decoder-1 source-1 positions; do check "there is $file" grep -q '</svg>' looks/$file.svg; done
check "words stand beside the cells" grep -q three looks/encoder-1.svg
run "$autodidact" translate show a "one two." --translation "eins zwei." -o png --format png
check "as PNG" test -s png/source-1.png
run "$autodidact" explain translate --layers 1 --width 16 --heads 2 --batch-tokens 64 --stage kernels
exits 0

# Tables, other sizes, what is left out.
printf '\teins\n%s\n%s\n' "x	one	" "x	one two three four five six seven one two three four five six seven one two	eins" >>table
few="--steps 2 --eval-every 2 --eval-lines 2 --layers 1 --heads 2 --width 16 --hidden 16 --vocab 270 --batch-tokens 128"
run "$autodidact" translate train --pairs table --from 2 --to 3 --reverse $few --run c
exits 1
says err "table: line 401 has 2 columns, expected 3 or more"
{ printf 'n\tenglish\tgerman\n'; sed '401d' table; } >named
run "$autodidact" translate train --pairs named --from english --to german $few --norm post --positions rotary --tie none \
    --separate --longest 30 --r-drop 5 --dropout 0.1 --run c
exits 0
says err "validation pairs left out, as one side is empty: 1"
says err "training pairs left out, as one side has more than 30 tokens (--longest): 1"
says err "every 50th pair is kept to validate with"
run "$autodidact" translate run c "one." --quiet
exits 0
run "$autodidact" translate train --pairs named --from german --to english $few --positions learned --tie output --lower \
    --max-ratio 2 --run d
exits 0
says err "training pairs left out, as one side has more than 2 times the other's tokens"

run "$autodidact" translate train --source en --target de --init a --batch-tokens 256 --dropout 0 --lr 1e-5 --steps 2 \
    --eval-every 2 --eval-lines 40 --valid-source v.en --valid-target v.de --warmup 0 --run e
exits 0
check "what starts from a network is as good" awk '$1 == "validation_loss" { exit !($2 < 1) }' .out
run "$autodidact" runs export a -o exported.npz --quiet
run "$autodidact" translate run exported.npz "one two." --quiet
cp .out exported
run "$autodidact" translate run a "one two." --quiet
check "an exported network says the same" cmp .out exported

# What is refused.
refused() { # SENTENCE COMMAND...
    sentence=$1
    shift
    run "$@"
    exits 1
    one_line err
    says err "$sentence"
}
head -39 de >short
refused "v.en has 40 lines, short 39: expected line for line the same" "$autodidact" translate train --source v.en --target short --run x
printf 'one\ntwo \351\n' >latin
refused "(the byte is in line 2)" "$autodidact" translate train --source latin --target v.de --run x
refused "(the byte is in line 2)" "$autodidact" translate run a -i latin
"$autodidact" translate run a --quiet <latin >.out 2>.err
check "a pipe's line is named" grep -q "standard input: line 2 is not UTF-8" .err
: >empty
refused "empty: has no lines" "$autodidact" translate train --source empty --target empty --run x
refused "--tie output or none" "$autodidact" translate train --source en --target de --separate --run x
refused "is no column that the first line of named names" "$autodidact" translate train --pairs named --from french --run x
refused "gpt2_tiny" "$autodidact" translate run "$fixtures/gpt2_tiny" "one."
run "$autodidact" translate train --source en --run x
exits 1
says err "--target: the other side is missing"
run "$autodidact" translate run a "one." -i in
exits 2
refused "--n-best 9: there are 4 hypotheses" "$autodidact" translate run a "one." --n-best 9
refused "--width: sizes and vocabulary are those of --init a" "$autodidact" translate train --source en --target de --init a \
    --width 64 --run x
refused "checkpoints, not the 99 of --average" "$autodidact" translate run a "one." --average 99
refused "nowhere: cannot open" "$autodidact" translate eval a --source nowhere --target v.de
echo kept >old
run "$autodidact" translate run a -i latin -o old
check "a failure overwrites nothing" grep -q kept old
finish
