#!/bin/sh
# bert_embed.sh: bert embed and bert fill on tiny models of Hugging Face's form: what is written where, the same
# bytes with any number of threads and in any company, and everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert
printf 'the cat sat\n\na b c d e f g h i j k l m n o p q r s t u v w x y z\nthe cat\r\nthe cat sat' >"$tmp/lines.txt"

# ---- vectors ----
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/a.npy"
exits 0
says out "5 vectors of 8 numbers"
says err "1 of 5 texts are longer than 24 tokens and were cut"
run "$autodidact" info "$tmp/a.npy"
says out "[5, 8]"
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/b.npy" --threads 1 --quiet
exits 0
silent err
check "the same bytes with another number of threads" cmp "$tmp/a.npy" "$tmp/b.npy"
run "$autodidact" bert embed "$bert/bare" - --json
exits 1
says err "standard input: the text is empty"
"$autodidact" bert embed "$bert/bare" - --json --quiet <"$tmp/lines.txt" >"$tmp/.out"
check "a line of JSON for each line of text" test "$(grep -c '"event":"vector"' "$tmp/.out")" = 5
check "equal lines have equal vectors" test \
    "$(sed -n 's/.*"line":1,//p' "$tmp/.out")" = "$(sed -n 's/.*"line":5,//p' "$tmp/.out")"
printf '\nthe cat\n\n' >"$tmp/gaps.txt"
run "$autodidact" bert embed "$bert/bare" "$tmp/gaps.txt" --json --quiet
exits 0
says out '"rows":3,'
vector() { sed -n "s/.*\"line\":$1,//p" "$tmp/.out"; }
check "empty lines have their vector, in their place" test "$(vector 1)" = "$(vector 3)"
check "which is no other line's" test "$(vector 1)" != "$(vector 2)"
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/a.jsonl" --quiet
exits 0
check "five lines" test "$(wc -l <"$tmp/a.jsonl")" = 5
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/c.npy" --pooling cls --quiet
exits 0
check "the first token's vector is another" sh -c "! cmp -s '$tmp/a.npy' '$tmp/c.npy'"
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/c.npy" --length 6
says err "longer than 6 tokens"

run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/c.npy" --precision bf16 --quiet
[ "$status" = 0 ] || says err bf16 # of a processor that does not have it

# A line of 50,000 words; nothing but characters that are in no vocabulary.
yes cat 2>/dev/null | head -50000 | tr '\n' ' ' >"$tmp/long.txt"
printf '\342\230\203\n\342\230\202 \342\230\203' >"$tmp/unknown.txt"
for kind in bare roberta; do
    run "$autodidact" bert embed "$bert/$kind" "$tmp/long.txt" -o "$tmp/c.npy"
    exits 0
    says err "1 of 1 texts are longer than 24 tokens and were cut"
    run "$autodidact" bert embed "$bert/$kind" "$tmp/unknown.txt" -o "$tmp/c.npy" --quiet
    exits 0
    says out "2 vectors of 8 numbers"
done

# ---- words for gaps ----
run "$autodidact" bert fill "$bert/bert" "the [MASK] sat [MASK]" -k 2
exits 0
says out "cafe"
run "$autodidact" bert fill "$bert/roberta" "the [MASK] sat <mask>" -k 1 --json
exits 0
says out '"place":2,"word":'
says out '"probability":0.00971'
run "$autodidact" bert fill "$bert/bert" "the cat sat"
exits 2
one_line err
says err "TEXT has no [MASK]"
run "$autodidact" bert fill "$bert/bare" "the [MASK]"
exits 1
says err "cls.predictions.transform.dense.weight): it is the bare encoder"
run "$autodidact" bert fill "$bert/bert" "a b c d e f g h i j k l m n o p a b c d e f g h [MASK]"
exits 1
says err "no [MASK] within the first 24 tokens"

# ---- what can go wrong ----
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt"
exits 2
says err "the vectors go nowhere"
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/x.png"
exits 1
one_line err
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/c.npy" --length 25
exits 1
says err "--length is 25, the model has 24 places"
: >"$tmp/empty.txt"
run "$autodidact" bert embed "$bert/bare" "$tmp/empty.txt" -o "$tmp/c.npy"
exits 1
says err "empty.txt: the text is empty"
printf 'good\nbad \377\n' >"$tmp/latin.txt"
run "$autodidact" bert embed "$bert/bare" "$tmp/latin.txt" -o "$tmp/c.npy"
exits 1
one_line err
says err "latin.txt: byte 9 (0xff) is not UTF-8"
says err "(the byte is in line 2)"
run "$autodidact" bert embed "$bert/bare" "$tmp/lines.txt" -o "$tmp/c.npy" --tokenizer "$bert/roberta"
exits 1
says err "the tokenizer has 291 tokens, the model knows 40"

# A config.json that contradicts the weights: both are named.
contradicts() { # KIND FROM TO SENTENCE
    rm -rf "$tmp/model" && cp -r "$bert/$1" "$tmp/model" && chmod -R u+w "$tmp/model"
    sed "s/$2/$3/" "$bert/$1/config.json" >"$tmp/model/config.json"
    run "$autodidact" bert embed "$tmp/model" "$tmp/lines.txt" -o "$tmp/no.npy"
    exits 1
    one_line err
    says err "$4"
}
contradicts bert '"hidden_size": 8' '"hidden_size": 16' \
    "config.json says that hidden_size is 16, tensor bert.embeddings.word_embeddings.weight of"
contradicts bert '"num_hidden_layers": 2' '"num_hidden_layers": 1' "num_hidden_layers is 1, tensor bert.encoder.layer.1"
contradicts distilbert '"hidden_dim": 12' '"hidden_dim": 13' "hidden_dim is 13, tensor distilbert.transformer.layer.0"
contradicts bert '"max_position_embeddings": 24' '"max_position_embeddings": 25' "max_position_embeddings is 25, tensor bert.embeddings.position"
contradicts bert '"vocab_size": 40' '"vocab_size": 50' "vocab_size is 50"
contradicts bert '"model_type": "bert"' '"model_type": "electra"' "model_type is electra, expected bert, distilbert or roberta"
contradicts bert '"hidden_act": "gelu"' '"hidden_act": "swish"' "hidden_act is swish, expected"
contradicts bert '"num_attention_heads": 2' '"num_attention_heads": 3' "a width of 8 cannot be shared by 3 heads"
rm -rf "$tmp/model" && cp -r "$bert/bare" "$tmp/model" && chmod -R u+w "$tmp/model"
echo '{"pooling_mode_mean_tokens": false, "pooling_mode_max_tokens": true}' >"$tmp/model/1_Pooling/config.json"
run "$autodidact" bert embed "$tmp/model" "$tmp/lines.txt" -o "$tmp/no.npy"
exits 1
one_line err
says err "1_Pooling/config.json beside it says pooling_mode_max_tokens, expected the mean or the first token"
check "nothing was written" test ! -e "$tmp/no.npy"
finish
