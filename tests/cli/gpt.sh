#!/bin/sh
# gpt.sh - `gpt train`, `sample` and `eval` as a person uses them, small, and all that can go wrong.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
i=0
while [ $i -lt 120 ]; do
    echo "$i bottles of beer on the wall, $i bottles of beer; take one down and pass it around."
    i=$((i + 1))
done >beer.txt
small="--layers 2 --heads 2 --width 32 --block 32 --batch 4"

# A run that samples, evaluates and resumes, of the same bytes with one thread and two.
train() { # RUN OPTION...
    folder=$1
    shift
    # shellcheck disable=SC2086
    run "$autodidact" gpt train --data beer.txt --run "$folder" $small --steps 60 --lr 3e-3 --eval-every 30 --sample-tokens 20 "$@"
}
train one --threads 1 --dropout 0.1
exits 0
says out whole_validation_loss
says err '; 32 different ones (character)'
check 'a sample was written' grep -q . one/samples/sample-000000060.txt
train two --threads 2 --dropout 0.1
exits 0
check 'the same bytes with two threads' cmp one/checkpoints/step-000000060.safetensors two/checkpoints/step-000000060.safetensors
check 'the same best weights' cmp one/checkpoints/best.safetensors two/checkpoints/best.safetensors

# Under a memory limit values are computed again: the same bytes.
train limited --threads 1 --dropout 0.1 --memory-limit 400K
exits 0
check 'the same bytes under a memory limit' cmp one/checkpoints/best.safetensors limited/checkpoints/best.safetensors
check 'the same metrics' [ "$(grep -c loss one/metrics.jsonl)" = "$(grep -c loss limited/metrics.jsonl)" ]
# shellcheck disable=SC2086
run "$autodidact" explain gpt $small --memory-limit 400K --threads 1
exits 0
says out '(again): '
says out ' kernels recompute values, '
train x0 --memory-limit 10K
exits 1
says err 'the memory limit is 10240; its largest buffers: '

run "$autodidact" gpt eval one beer.txt
exits 0
says out perplexity
run "$autodidact" gpt eval one/checkpoints/best.safetensors beer.txt --json
exits 0
loss=$(tail -n 1 .out | sed 's/.*"loss":\([0-9.]*\).*/\1/')
says out '"event":"result"'
check "it has learnt something: loss $loss" awk "BEGIN { exit !($loss < 3) }"
run "$autodidact" gpt eval one beer.txt --json --stride 8
exits 0
says out '"tokens":10339'
finer=$(tail -n 1 .out | sed 's/.*"loss":\([0-9.]*\).*/\1/')
check "more stands before each token: $finer" awk "BEGIN { exit !($finer != $loss && $finer < $loss + 0.05) }"

# Sampling: the seed decides, options do something, output is what was asked for.
sample() { "$autodidact" gpt sample one -n 40 -q "$@" 2>&1; }
check 'the same seed, the same text' [ "$(sample --seed 3)" = "$(sample --seed 3 --threads 1)" ]
check 'another seed, another text' [ "$(sample --seed 3)" != "$(sample --seed 4)" ]
check 'temperature 0 needs no seed' [ "$(sample -t 0 --seed 3)" = "$(sample -t 0 --seed 4)" ]
check 'of one token there is no choice' [ "$(sample --top-k 1)" = "$(sample -t 0)" ]
check 'nor in a tiny nucleus' [ "$(sample --top-p 1e-9)" = "$(sample -t 0)" ]
check 'repetition can be punished' [ "$(sample -t 0 --repetition-penalty 3)" != "$(sample -t 0)" ]
run "$autodidact" gpt sample one --prompt '7 bottles' -n 50 --samples 2 --json
exits 0
check 'two samples' [ "$(grep -c '"event":"sample".*"7 bottles.*"tokens":50' .out)" = 2 ]
printf '8 bottles' >prompt.txt
run "$autodidact" gpt sample one --file prompt.txt -n 5
exits 0
says out '8 bottles'
run sh -c "'$autodidact' gpt sample one --file - -n 5 <prompt.txt"
exits 0
says out '8 bottles'

# Going on: in place, and from the weights with another learning rate.
run "$autodidact" gpt train --resume two --steps 70
exits 0
check 'the run was resumed' test -f two/checkpoints/step-000000070.safetensors
run "$autodidact" gpt train --resume limited --steps 70 --threads 1
exits 0
check 'it was resumed as well under its memory limit' cmp two/checkpoints/step-000000070.safetensors limited/checkpoints/step-000000070.safetensors
run "$autodidact" gpt train --data beer.txt --run tuned --init one --block 16 --batch 2 --steps 5 --lr 1e-4 -q
exits 0
run "$autodidact" gpt eval tuned beer.txt --json
exits 0

# by minutes, which become steps
train x8 --minutes 0.01 -q
exits 2
says err 'give one of them'
# shellcheck disable=SC2086
run "$autodidact" gpt train --data beer.txt --run timed $small --minutes 0.01 --sample-tokens 0 -q
exits 0
check 'the run keeps the steps instead of the minutes' grep -q '"minutes": null' timed/config.json
check 'the run keeps how many' grep -Eq '"steps": [1-9]' timed/config.json

# Llama's layers, byte pairs of its own, and tokenizers from files.
train llama --arch llama --kv-heads 1 --tokenizer bpe --vocab 300 -q
exits 0
run "$autodidact" gpt sample llama -n 20
exits 0
train bytes --tokenizer byte --steps 2 -q
exits 0
run "$autodidact" gpt sample bytes -n 60 -t 5
exits 0
check 'what is no character is marked, the rest is UTF-8' sh -c 'iconv -f utf-8 -t utf-8 .out'

# Weights of Hugging Face's.
printf '%s' '{"model_type":"gpt2"' >broken.json
mkdir hf && cp "$fixtures/gpt2_tiny/model.safetensors" hf && cp broken.json hf/config.json
run "$autodidact" gpt sample hf
exits 1
says err 'hf/config.json: is not a JSON object'
echo '{"model_type":"bert","vocab_size":100}' >hf/config.json
run "$autodidact" gpt sample hf
exits 1
says err 'model_type is bert, expected gpt2 or llama'
echo '{"model_type":"gpt2","vocab_size":100,"n_layer":2,"n_head":5,"n_embd":32}' >hf/config.json
run "$autodidact" gpt sample hf
exits 1
says err 'a width of 32 cannot be shared by 5 heads'
echo '{"model_type":"gpt2","vocab_size":100,"n_layer":3,"n_head":4,"n_embd":32,"n_inner":64,"n_positions":24}' >hf/config.json
run "$autodidact" gpt sample hf --tokenizer "$fixtures/tokenizers/vocab.txt"
exits 1
says err 'has no tensor for transformer.h.2.'
one_line err
mkdir alone && cp "$fixtures/gpt2_tiny/config.json" alone
run "$autodidact" gpt sample alone
exits 1
says err "alone: holds no checkpoint, and no weights of Hugging Face's form"
run "$autodidact" gpt sample "$fixtures/gpt2_tiny"
exits 1
says err 'comes without a tokenizer'
says err 'name one with --tokenizer'

# Bad input.
refused() { # STATUS SENTENCE COMMAND...
    want=$1 sentence=$2
    shift 2
    run "$@"
    exits "$want"
    says err "$sentence"
    one_line err
}
: >empty.txt
refused 1 'empty.txt: the text is empty' "$autodidact" gpt train --data empty.txt --run x1
echo 'to be or not' >short.txt
refused 1 'short.txt: the text is too short for blocks of 64 tokens' "$autodidact" gpt train --data short.txt --run x2
printf 'good\377\376bad' >broken.txt
refused 1 'broken.txt' "$autodidact" gpt train --data broken.txt --run x3
says err 'UTF-8'
refused 1 'nowhere.txt' "$autodidact" gpt train --data nowhere.txt --run x4
refused 1 'cannot be shared by 3 heads' "$autodidact" gpt train --data beer.txt --heads 3 --run x5
refused 1 'the sizes are those of --init' "$autodidact" gpt train --data beer.txt --init one --layers 3 --run x6
refused 1 'one has 32 positions' "$autodidact" gpt train --data beer.txt --init one --block 33 --run x7
refused 1 'does not say which network it holds' "$autodidact" gpt sample "$fixtures/lbfgs.safetensors"
refused 1 'nothing' "$autodidact" gpt sample nothing
refused 2 'give one of them' "$autodidact" gpt sample one --prompt a --file prompt.txt
refused 1 'the model has 32 positions' "$autodidact" gpt eval one beer.txt --block 64
echo 'äöü' >strange.txt
refused 1 'strange.txt' "$autodidact" gpt eval one strange.txt
refused 1 'leave nothing to predict' "$autodidact" gpt eval one empty.txt
sed 's/bottles/glasses/' beer.txt >other.txt
refused 1 'the data are not those' "$autodidact" gpt train --resume one --data other.txt --steps 80
head -c 3000 one/checkpoints/best.safetensors >cut.safetensors
refused 1 'cut.safetensors' "$autodidact" gpt sample cut.safetensors

# Plans.
run "$autodidact" explain gpt --layers 1 --stage kernels
exits 0
says out 'attention gradient'
run "$autodidact" explain gpt --of sample --arch llama --layers 1
exits 0
says out 'write rows'
finish
