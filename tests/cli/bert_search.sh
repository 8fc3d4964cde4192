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
