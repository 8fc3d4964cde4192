#!/bin/sh
# gpt_sample.sh - `gpt sample` and `gpt eval` with prompts and texts of every kind: too long, unknown, empty, marked, in
# another encoding; line by line; and how fast it was.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
i=0
while [ $i -lt 60 ]; do
    echo "$i bottles of beer on the wall, $i bottles of beer; take one down and pass it around."
    i=$((i + 1))
done >beer.txt
train() { # RUN OPTION...
    folder=$1
    shift
    run "$autodidact" gpt train --data beer.txt --run "$folder" --layers 1 --heads 2 --width 16 --block 32 --batch 4 --steps 20 \
        --lr 1e-2 --sample-tokens 0 -q "$@"
}
train one
exits 0
sample() { run "$autodidact" gpt sample one "$@"; }

# How fast reading and writing were, apart.
sample --prompt '7 bottles' -n 10
exits 0
check 'the pace' grep -Eq '^prompt: 9 tokens, [0-9]+(\.[0-9])? tokens/s; text: 10 tokens, [0-9]+(\.[0-9])? tokens/s$' .err
one_line err
run sh -c "'$autodidact' gpt sample one --prompt '7 bottles' -n 10 2>&1"
check "on a line of its own where both go to one place" grep -q "^prompt: 9 tokens" .out
sample --prompt '7 bottles' -n 10 -q
silent err
sample --prompt '7 bottles' -n 10 --samples 2 --json
exits 0
silent err
check 'the pace of each' \
    [ "$(grep -Ec '"tokens":10,"tokens_per_second":[0-9.e+]+,"prompt_tokens":9,"prompt_tokens_per_second":[0-9.e+]+}' .out)" = 2 ]

# Prompts.
printf '\357\273\2777 bottles' >marked.txt
sample --file marked.txt -n 1 -q
exits 0
check 'a byte order mark is no text' [ "$(head -c 9 .out)" = '7 bottles' ]
run sh -c "'$autodidact' gpt sample one --file - -n 1 -q <marked.txt"
exits 0
check 'nor on standard input' [ "$(head -c 9 .out)" = '7 bottles' ]
run "$autodidact" gpt eval one marked.txt --json
exits 0
says out '"tokens":8'
sample --file beer.txt -n 3
exits 0
says err 'and the model sees 32 at once: its first '
says err 'prompt: 32 tokens'
sample --prompt '' -n 5 -q
exits 0
: >empty.txt
sample --file empty.txt -n 5 -q
exits 0
refused() { # SENTENCE COMMAND...
    sentence=$1
    shift
    run "$@"
    exits 1
    silent out
    says err "$sentence"
    one_line err
}
refused 'the prompt: the text'\''s character U+00E4 ("ä"), at byte 2, is not among' "$autodidact" gpt sample one --prompt '7 ä'
printf 'a\000b' >zero.txt
refused 'the prompt: the text'\''s character U+0000' "$autodidact" gpt sample one --file zero.txt
printf 'caf\351' >latin.txt
refused 'latin.txt: byte 3 (0xe9) is not UTF-8' "$autodidact" gpt sample one --file latin.txt
refused 'latin.txt: byte 3 (0xe9) is not UTF-8' "$autodidact" gpt eval one latin.txt
refused 'latin.txt: byte 3 (0xe9) is not UTF-8; if the text is in Latin-1, ' "$autodidact" gpt train --data latin.txt --run x1
printf '\377\376a\000b\000' >wide.txt
refused 'wide.txt: is UTF-16, expected UTF-8' "$autodidact" gpt sample one --file wide.txt
refused 'wide.txt: is UTF-16, expected UTF-8' "$autodidact" gpt eval one wide.txt
refused 'wide.txt: is UTF-16, expected UTF-8' "$autodidact" gpt train --data wide.txt --run x2
printf 'a\000b\000c\000d\000' >numbers.txt
refused 'numbers.txt: nearly every other byte is NUL' "$autodidact" gpt train --data numbers.txt --run x2
refused 'nowhere.txt' "$autodidact" gpt sample one --file nowhere.txt
refused "$tmp" "$autodidact" gpt sample one --file "$tmp"
run "$autodidact" gpt sample one -n 0
exits 2
says err '--tokens'

# Texts to evaluate: none, one token, less than a block.
for text in '' 7; do
    printf %s "$text" >short.txt
    refused 'leave nothing to predict' "$autodidact" gpt eval one short.txt
done
printf '7 ' >short.txt
run "$autodidact" gpt eval one short.txt --json
exits 0
says out '"tokens":1,"bytes":2}'

run "$autodidact" gpt eval one beer.txt --stride 99
exits 0
says err 'windows begin 32 tokens apart, not 99'

# Nothing is made for nobody.
run sh -c "'$autodidact' gpt sample one -n 100000000 -q | head -c 5"
check 'five bytes' [ "$(wc -c <.out)" = 5 ]
run sh -c "'$autodidact' gpt sample one -n 100000000 -q >/dev/full"
exits 1

# Training says what is not as it was asked for.
run "$autodidact" gpt train --data beer.txt --run small --layers 1 --heads 1 --width 8 --steps 1 --sample-tokens 0 --batch 200 \
    --tokenizer bpe --vocab 5000
exits 0
says err 'a step reads 200 blocks of 64 tokens'
says err 'its blocks overlap'
says err 'beer.txt: gives a bpe of '
says err 'not of the 5000 of --vocab'
printf 'a%.0s' 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 >only.txt
run "$autodidact" gpt train --data only.txt --run only --layers 1 --heads 1 --width 8 --block 4 --steps 1 -q
exits 0
refused 'a text has nothing to begin with here; give a --prompt' "$autodidact" gpt sample only

# Line by line: each is continued in the same text, whose beginning is the prompt.
run sh -c "printf '7 bottles\n\nof beer' | '$autodidact' gpt sample one -i -n 8 -t 0"
exits 0
check 'a line each' [ "$(wc -l <.out)" -ge 3 ]
check 'the lines are not repeated' sh -c '! grep -q "7 bottles" .out'
says err 'prompt: 16 tokens'
says err 'text: 24 tokens'
run sh -c "printf '\n' | '$autodidact' gpt sample one -i -n 8 -t 0 -q --prompt '7 bottles'"
exits 0
check 'two turns are one text' [ "$(tr -d '\n' <.out)" = "$("$autodidact" gpt sample one -n 16 -t 0 -q --prompt '7 bottles')" ]
run sh -c "printf 'beer\\\\\n8 bottles\n' | '$autodidact' gpt sample one -i -n 8 -t 0 --json"
exits 0
check 'a line that goes on' grep -q '"prompt_tokens":14,' .out
run sh -c ": | '$autodidact' gpt sample one -i -n 8"
exits 0
silent out
refused_line() { # SENTENCE INPUT
    run sh -c "printf '$2' | '$autodidact' gpt sample one -i -n 8 -q"
    exits 1
    says err "$1"
    one_line err
}
refused_line 'is not among' 'ä\n'
run sh -c "head -c 2000000 /dev/zero | '$autodidact' gpt sample one -i -n 8 -q"
exits 1
says err 'a line is longer than'
run "$autodidact" gpt sample one -i --file -
exits 2
run "$autodidact" gpt sample one -i --samples 2
exits 2

# Bytes that make no character stay where they are as long as they can become one.
train bytes --tokenizer byte
exits 0
run sh -c "printf 'a\303\n\244\n' | '$autodidact' gpt sample bytes -i -n 4 -q"
exits 0
check 'UTF-8 comes out' iconv -f utf-8 -t utf-8 .out
run "$autodidact" gpt sample bytes --file zero.txt -n 1 --json
exits 0
says out '"text":"a\u0000b'

# Weights in half of the memory, on any processor.
for precision in bf16 f16; do
    run "$autodidact" gpt sample one --prompt '1 b' -n 8 -t 0 --precision $precision -q
    exits 0
    says out '1 b'
done

# Quantised weights: with sums of whole blocks, and with none, which is said.
train blocks --width 32 --tokenizer byte
exits 0
for form in q8_0 q4_0; do
    run "$autodidact" gpt sample blocks --prompt '7 bottles' -n 20 --precision $form --threads 1
    exits 0
    check "nothing stays f32 with $form" sh -c '! grep -q "stay f32" .err'
    cp .out one_thread
    run "$autodidact" gpt sample blocks --prompt '7 bottles' -n 20 --precision $form --threads 2
    check "two threads write the same with $form" cmp -s .out one_thread
    run "$autodidact" gpt eval blocks beer.txt --precision $form --json
    exits 0
    says out '"perplexity":'
done
sample --prompt '7 bottles' -n 5 --precision q8_0
exits 0
says err 'matrices stay f32, as their sums are no whole blocks of 32 for q8_0; the first is transformer.wte.weight'
train llama --width 32 --tokenizer byte --arch llama
exits 0
for model in blocks llama; do
    run "$autodidact" runs export $model -o $model.gguf --dtype q8_0
    exits 0
    run "$autodidact" gpt sample $model.gguf -n 30 -t 0 -q --prompt 'take' --precision q8_0
    exits 0
    cp .out own_blocks
    run "$autodidact" gpt sample $model -n 30 -t 0 -q --prompt 'take' --precision q8_0
    check "the blocks of $model.gguf are those that its weights are rounded to" cmp -s .out own_blocks
done

# Weights that are no numbers: nothing is made of them, whatever the way to choose.
cp one/checkpoints/best.safetensors nan.safetensors
printf '\377\377\377\377' | dd of=nan.safetensors bs=1 seek=$(($(wc -c <nan.safetensors) - 4)) conv=notrunc 2>/dev/null
for how in '-t 0' '-t 1e-30' '--top-k 3' '--top-p 0.5' '--precision bf16' '--precision f16' '--precision q8_0' '-i'; do
    # shellcheck disable=SC2086
    refused 'nan.safetensors: tensor ' "$autodidact" gpt sample nan.safetensors $how
    says err 'is not finite: element '
done
refused 'nan.safetensors: tensor ' "$autodidact" gpt eval nan.safetensors beer.txt
refused 'nan.safetensors: tensor ' "$autodidact" gpt train --data beer.txt --init nan.safetensors --run x3 -q
finish
