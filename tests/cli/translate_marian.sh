#!/bin/sh
# translate_marian.sh: translate run, eval and show on Marian models as transformers writes them (tests/oracle/marian.py):
# its translations, and everything that a folder can lack or contradict.
. "$(dirname "$0")/../check.sh"
marian=$fixtures/marian

for name in shared apart; do
    cut -f1 "$marian/$name.txt" >"$tmp/source.txt"
    cut -f2 "$marian/$name.txt" >"$tmp/target.txt"
    run "$autodidact" translate run "$marian/$name" -i "$tmp/source.txt" -o "$tmp/out.txt" --beam 4 --quiet
    exits 0
    check "transformers' translations" cmp "$tmp/out.txt" "$tmp/target.txt"
    run "$autodidact" translate eval "$marian/$name" --source "$tmp/source.txt" --target "$tmp/target.txt" --beam 4
    exits 0
    says out "perplexity"
done
run "$autodidact" translate show "$marian/shared" "the cat sat" -o "$tmp/look" --quiet
exits 0
check "what is written begins with the start" grep -q "(start)" "$tmp/look/decoder-1.svg"
check "both sizes of a layer are drawn" test -s "$tmp/look/encoder-2.svg" -a -s "$tmp/look/decoder-1.svg"
run "$autodidact" translate run "$marian/shared" "the cat sat" --max-words 2 --n-best 4 --json
exits 0
says out '"n_best"'
run "$autodidact" translate run "$marian/shared" "the cat sat" --sample --seed 3 --json
exits 0
run "$autodidact" translate run "$marian/shared" "the cat sat" --ranking wu --length-penalty 0.6
exits 0
# A line that is cut: each part goes to the language of its code.
first="the cat sat on the mat the cat sat on the mat the cat sat on the mat."
second="to be or not to be the words that stand behind a code the cat."
translated() { "$autodidact" translate run "$marian/shared" "$1" --quiet 2>>"$tmp/err"; }
coded=$(translated ">>de<< $second")
check "the code changes the translation" test "$coded" != "$(translated "$second")"
check "a part has its line's code" test "$(translated ">>de<< $first $second")" = "$(translated ">>de<< $first") $coded"
run "$autodidact" translate run "$marian/apart" "the cat sat" --n-best 3
exits 0
run "$autodidact" translate run "$marian/apart" "the cat sat" --n-best 4 # its files say 3
exits 1
says err "--n-best 4: there are 3 hypotheses (--beam)"

# ---- what is wrong ----
copy() { # FILE KEY VALUE: a folder whose FILE has another value of KEY
    chmod -R u+w "$tmp/m" 2>/dev/null
    rm -rf "$tmp/m"
    cp -r "$marian/shared" "$tmp/m"
    sed "s/\"$2\": [^,]*/\"$2\": $3/" "$marian/shared/$1" >"$tmp/m/$1"
}
fails() {
    run "$autodidact" translate run "$tmp/m" "the cat"
    exits 1
    one_line err
    silent out
    for part; do says err "$part"; done
}
copy config.json d_model 20
fails "config.json says that d_model is 20" "model.shared.weight" "that it is 16"
copy config.json encoder_layers 3
fails "encoder_layers is 3" "that it is 2"
copy config.json decoder_ffn_dim 24
fails "decoder_ffn_dim is 24" "model.decoder.layers.0.fc1.weight" "that it is 20"
copy config.json vocab_size 99
fails "vocab_size is 99"
copy config.json encoder_attention_heads 3
fails "width of 16 cannot be shared by 3 heads"
copy config.json decoder_attention_heads 3
fails "width of 16 cannot be shared by 3 heads of the decoder"
copy config.json activation_function '"tanh"'
fails "activation_function is tanh, expected swish, silu, relu or gelu"
copy config.json scale_embedding 'true, "normalize_before": true'
fails "normalize_before = true is not supported"
copy config.json scale_embedding 'true, "normalize_embedding": true'
fails "normalize_embedding = true is not supported"
copy config.json model_type '"bart"'
fails "model_type is bart, expected marian"
copy config.json d_model '"wide"'
fails "d_model is not a whole number"
copy config.json d_model null
fails "there is no d_model"
copy config.json decoder_start_token_id 100000
sed 's/"decoder_start_token_id": [0-9]*/"decoder_start_token_id": 100000/' "$marian/shared/generation_config.json" \
    >"$tmp/m/generation_config.json"
fails "token 100000 is not below"
copy generation_config.json num_beams '4, "no_repeat_ngram_size": 3'
fails "generation_config.json: no_repeat_ngram_size other than 0 is not supported"
copy generation_config.json num_beams '4, "do_sample": true'
fails "do_sample = true is not supported"
copy generation_config.json num_beams '4, "suppress_tokens": [1]'
fails "suppress_tokens is not supported"
copy generation_config.json num_beams 1000
fails "num_beams is 1000, at most 64"
copy generation_config.json num_beams '4, "length_penalty": "long"'
fails "generation_config.json: length_penalty is not a number"
copy generation_config.json num_beams '4, "early_stopping": "soon"'
fails 'generation_config.json: early_stopping is not true, false or "never"'
copy generation_config.json renormalize_logits 1
fails "generation_config.json: renormalize_logits is not true or false"
copy generation_config.json num_beams '4, "stop_strings": ["."]'
fails "stop_strings is not supported"
copy config.json scale_embedding '"yes"'
fails "config.json: scale_embedding is not true or false"
copy generation_config.json forced_eos_token_id 5
fails "a forced_eos_token_id other than eos_token_id is not supported"
for file in source.spm target.spm vocab.json; do
    copy config.json d_model 16
    rm "$tmp/m/$file"
    fails "has no $file (a Marian model's vocabulary is source.spm, target.spm and vocab.json)"
done
copy config.json d_model 16
head -c 500 "$marian/shared/source.spm" >"$tmp/m/source.spm"
fails "source.spm: is not a SentencePiece model, or is truncated"
printf '{"a": 0, "b": 0}' >"$tmp/m/vocab.json"
fails 'vocab.json: the id of "b"'
printf '{"a": 0, "b": 1}' >"$tmp/m/vocab.json"
fails "vocab.json: has no <unk>"
printf '{}' >"$tmp/m/config.json"
fails "does not say which network it holds"
run "$autodidact" translate run "$marian/shared" "the cat" --ranking best
exits 2
printf 'a\n' >"$tmp/a"
run "$autodidact" translate train --source "$tmp/a" --target "$tmp/a" --init "$marian/shared" --run "$tmp/run"
exits 1
says err "whose vocabulary a checkpoint cannot keep"
finish
