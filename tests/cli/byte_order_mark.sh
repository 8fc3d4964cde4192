#!/bin/sh
# byte_order_mark.sh - the mark that editors put before a text is no text, whoever reads it.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
mark='\357\273\277'

# as_marked FILE...: FILE with the mark in front, as marked/FILE.
as_marked() {
    mkdir -p marked
    for file; do { printf "$mark"; cat "$file"; } >"marked/$file"; done
}

# ---- texts ----
for i in 1 2 3 4 5 6 7 8; do echo 'to be or not to be that is the question'; done >text.txt
as_marked text.txt
train() { run "$autodidact" gpt train -d "$1" --steps 1 --layers 1 --heads 1 --width 8 --block 8 --batch 1 --run "$2" -q --threads 1; }
train text.txt plain
exits 0
train marked/text.txt with
exits 0
check 'a corpus is the same with the mark' cmp plain/checkpoints/best.safetensors with/checkpoints/best.safetensors
run "$autodidact" gpt eval plain marked/text.txt
exits 0
printf "${mark}to be" >prompt.txt
run "$autodidact" gpt sample plain --file prompt.txt -n 2
exits 0
says out 'to be'
run sh -c "'$autodidact' gpt sample plain --file - -n 2 <prompt.txt"
exits 0
says out 'to be'
printf '\377\376t\0o\0' >wide.txt
run "$autodidact" gpt eval plain wide.txt
exits 1
says err 'wide.txt: is UTF-16, expected UTF-8'
gzip -c marked/text.txt >text.txt.gz
run "$autodidact" gpt eval plain text.txt.gz
exits 0
printf "$mark"'{"data":"text.txt","steps":1,"layers":1,"heads":1,"width":8,"block":4,"batch":1}' >options.json
run "$autodidact" gpt train --config options.json --run by-config -q
exits 0
printf '\376\377\0{' >options.json
run "$autodidact" gpt train --config options.json --run none
exits 1
says err 'options.json: is UTF-16, expected UTF-8'
printf "$mark"'{"t":0,"o":1," ":2,"b":3,"e":4}' >vocab.json
run "$autodidact" gpt train -d text.txt --tokenizer vocab.json --run by-vocabulary
exits 1
says err 'is not among'
says_not err 'vocab.json'

# ---- tables and graphs ----
printf 'id,label,f\nx,a,1\ny,b,2\n' >nodes.csv
printf 'source,target\nx,y\n' >edges.csv
printf '2\n2 0\n0 1 1\n0 1 0\n1 1\n0 0\n' >graphs.txt
as_marked nodes.csv edges.csv graphs.txt
for set in marked marked/graphs.txt; do
    run "$autodidact" graph train --data $set --run "of-${set##*/}" --steps 1 --patience 0 -q
    exits 0
done

# ---- weights in several files ----
safetensors() {
    length=${#2}
    { printf "\\$(printf %o $((length % 256)))\\$(printf %o $((length / 256)))\0\0\0\0\0\0"; printf %s "$2"; printf "$3"; } >"$1"
}
safetensors part.safetensors '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' '\0\0\200\77'
printf "$mark"'{"weight_map":{"a":"part.safetensors"}}' >index.json
run "$autodidact" info index.json
exits 0
says out 'safetensors in several files, 1 tensor'
finish
