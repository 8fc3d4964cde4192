#!/bin/sh
# gpt.sh DATA - stories260K, a model of llama2.c, writes token for token what run.c wrote with -t 0 -n 200.
stories=$1/lm_small/stories260K
. "$(dirname "$0")/../check.sh"
if [ -f "$stories/stories260K.bin" ]; then
    # 200 positions hold the token in front, three of the prompt and 196 new ones
    run "$autodidact" gpt sample "$stories/stories260K.bin" --tokenizer "$stories/tok512.bin" --prompt 'Once upon a time' -t 0 -n 196
    exits 0
    check 'the same text' cmp "$tmp/.out" "$stories/expected_t0_n200.txt"
    run "$autodidact" gpt sample "$stories/stories260K.bin" --tokenizer "$stories/tok512.bin" --prompt 'Once upon a time' -t 0 -n 196 --threads 1
    check 'the same text with one thread' cmp "$tmp/.out" "$stories/expected_t0_n200.txt"
    head -c 100000 "$stories/stories260K.bin" >"$tmp/cut.bin"
    run "$autodidact" gpt sample "$tmp/cut.bin" --tokenizer "$stories/tok512.bin"
    exits 1
    run "$autodidact" gpt sample "$stories/stories260K.bin"
    exits 1
    says err 'name one with --tokenizer'
    run "$autodidact" gpt sample "$stories/stories260K.bin" --tokenizer "$stories/llama32k_tokenizer.bin"
    exits 1
    says err 'the tokenizer has 32000 tokens, the model knows 512'
else
    echo "no $stories"
fi
finish
