#!/bin/sh
# bert_search.sh: bert search over a small folder: the place of what is found, an index that is taken over, brought up
# to date by the files' times, made anew for another model, and everything that can go wrong.
. "$(dirname "$0")/../check.sh"
bert=$fixtures/bert
mkdir -p "$tmp/docs/below"
printf '# the cat\n\nthe cat sat on the mat and the cat sat on the mat and the hat on mat\n\n\nun un hat and hat\nand un\n' >"$tmp/docs/a.txt"
printf 'a b c d e f\n' >"$tmp/docs/below/b.md"
printf '\377\376\001' >"$tmp/docs/picture.bin"
search() { # QUERY [OPTION]
    run "$autodidact" bert search "$tmp/docs" "$1" --model "$bert/bare" -k 3 --json ${2:-}
}

search "un un hat and hat and un"
exits 0
says err "3 passages of 2 texts, of which 2 are new or changed"
says err "1 files are no text in UTF-8, or too large, and left out"
check "the same words have a cosine of 1" sh -c "head -1 '$tmp/.out' | grep -qE '\"score\":(1|0.99999)'"
says out '"file":"a.txt","line":6,"text":"un un hat and hat and un"'
check "the best is the first" sh -c "head -1 '$tmp/.out' | grep -q '\"line\":6'"
check "three passages" test "$(wc -l <"$tmp/.out")" = 3
check "the index is kept" test -s "$tmp/docs/.bert-index.safetensors"
cp "$tmp/.out" "$tmp/first"
cp "$tmp/docs/.bert-index.safetensors" "$tmp/index"

search "un un hat and hat and un" --quiet
exits 0
silent err
check "the same answer from the index" cmp "$tmp/.out" "$tmp/first"
check "which is as it was" cmp "$tmp/index" "$tmp/docs/.bert-index.safetensors"

# A file that changed, one that went, one that came.
printf 'the mat sat on the cat\n' >"$tmp/docs/below/b.md"
touch -t 203001020304 "$tmp/docs/below/b.md"
search "the mat sat on the cat"
says err "of which 1 are new or changed"
says out '"file":"below/b.md","line":1,"text":"the mat sat on the cat"'
rm "$tmp/docs/a.txt"
printf 'hat hat hat\n' >"$tmp/docs/c.txt"
search "hat hat hat"
says err "2 passages of 2 texts, of which 1 are new or changed"
says_not out a.txt
run "$autodidact" bert search "$tmp/docs" "hat" --model "$bert/bert" --index "$tmp/docs/.bert-index.safetensors"
exits 0
says err "is of another model: it is made anew"
says out "c.txt:1"
echo "no index" >"$tmp/docs/.bert-index.safetensors"
search "hat"
exits 0
says err "2 passages of 2 texts, of which 2 are new or changed"

# ---- half the size ----
search "hat hat hat" "--dtype bf16 --index $tmp/narrow.safetensors"
exits 0
cp "$tmp/.out" "$tmp/first"
run "$autodidact" info "$tmp/narrow.safetensors"
says out bf16
search "hat hat hat" "--quiet --index $tmp/narrow.safetensors"
silent err
check "the same answer from an index of bf16, whose type is kept" cmp "$tmp/.out" "$tmp/first"
search "hat" "--dtype f32 --index $tmp/narrow.safetensors"
says err "has vectors of another --dtype: it is made anew"

# ---- an index that is broken, or somebody else's ----
index=$tmp/docs/.bert-index.safetensors
anew() { # WHY: the index is made anew for it, and whole then
    search "hat hat hat"
    exits 0
    says err "$1: it is made anew"
    says err "of which 2 are new or changed"
    search "hat hat hat"
    says_not err "made anew"
    says err "of which 0 are new or changed"
}
place() { # TENSOR: where its bytes begin
    header=$(od -An -tu8 -N8 "$index" | tr -d ' ')
    head -c $((8 + header)) "$index" | tail -c +9 | sed -n "s/.*\"$1\": *{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/p" |
        { read -r from; echo $((from + 8 + header)); }
}
put() { # AT: standard input goes there
    dd of="$index" bs=1 seek="$1" conv=notrunc 2>"$tmp/dd" || cat "$tmp/dd"
}
search "hat hat hat"
truncate -s -40 "$index"
anew "cannot be read, or is not whole"
printf '\0\0\300\177' | put "$(place vectors)"
anew "has vectors that are none"
printf '\0\0\200\100' | put "$(place vectors)" # 4
anew "has vectors that are none"
printf '\377\377' | put $(($(place passages) + 24)) # bytes of the first passage
anew "has a passage outside its file, or two that overlap"
printf '\7' | put "$(place passages)" # its file
anew "has a passage outside its file, or two that overlap"
sed -i 's/"version":"2"/"version":"1"/' "$index"
anew "is an index of another version"
sed -i 's/below.b.md/zelow\/b.md/' "$index"
anew "has names that are out of order"
cp "$fixtures/weights/library.safetensors" "$tmp/weights.safetensors"
search "hat" "--index $tmp/weights.safetensors"
exits 1
one_line err
says err "weights.safetensors: is a file of tensors and no index: it is not overwritten"
check "it is as it was" cmp "$tmp/weights.safetensors" "$fixtures/weights/library.safetensors"
mv "$tmp/docs/c.txt" "$tmp/docs/d.txt"
search "hat hat hat"
says err "of which 1 are new or changed"
says out '"file":"d.txt"'
mv "$tmp/docs/d.txt" "$tmp/docs/c.txt"
search "hat hat hat" "--index $tmp/docs/index.safetensors"
search "hat hat hat" "--index $tmp/docs/index.safetensors"
says err "of which 0 are new or changed" # the index is none of the folder's files
says_not err "left out"
rm "$tmp/docs/index.safetensors"
printf 'a hat\n' >"$tmp/docs/$(printf 'caf\351').txt"
search "hat hat hat"
exits 0
says err "1 files are left out, whose names are not UTF-8"
rm "$tmp"/docs/caf*

# ---- weights of 16 bits: the index knows which they were ----
cp -r "$bert/bare" "$tmp/half" && chmod -R u+w "$tmp/half"
"$autodidact" convert "$bert/bare/model.safetensors" "$tmp/half/model.safetensors" --dtype f16 --quiet
half() { run "$autodidact" bert search "$tmp/docs" hat --model "$tmp/half" --index "$tmp/half.safetensors"; }
half
exits 0
half
says err "of which 0 are new or changed"
index=$tmp/half/model.safetensors
printf '\0\74\0\74' | put "$(place embeddings.LayerNorm.bias)" # 1, 1
half
says err "is of another model: it is made anew"

# ---- what can go wrong ----
search ""
exits 2
says err "QUERY is empty"
mkdir "$tmp/bare" && cp "$tmp/docs/picture.bin" "$tmp/bare"
run "$autodidact" bert search "$tmp/bare" hat --model "$bert/bare"
exits 1
one_line err
says err "bare: the folder holds no text in UTF-8"
check "no index where there is nothing" test ! -e "$tmp/bare/.bert-index.safetensors"
run "$autodidact" bert search "$tmp/nowhere" hat --model "$bert/bare"
exits 1
one_line err
says err "nowhere"
run "$autodidact" bert search "$tmp/docs" hat
exits 2
says err "--model"
run "$autodidact" bert search "$tmp/docs" hat --model "$bert/bare" --index "$tmp/nowhere/x.safetensors"
exits 0
says err "the index is not kept"
finish
