#!/bin/sh
# pipes.sh - what comes through a pipe is read as a file is, though it is opened more than once; and
# what never ends, or never begins, is told.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

printf 'P6 2 2 255\n123456789012' >p.ppm
one='\0\0\200\77'
header='{"fc.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
{ printf "\\$(printf %o ${#header})\0\0\0\0\0\0\0%s" "$header"; printf "$one"; } >w.safetensors

run sh -c "cat p.ppm | '$autodidact' info /dev/stdin"
exits 0
says out 'PNM, 2 x 2, colour'
run sh -c "cat w.safetensors | '$autodidact' info /dev/stdin"
exits 0
says out 'fc.weight'
run sh -c "'$autodidact' info /dev/stdin <w.safetensors"
exits 0
says out 'fc.weight'
run sh -c "cat w.safetensors | '$autodidact' convert /dev/stdin w.npz -q"
exits 0
if has zip; then
    run sh -c "cat w.npz | '$autodidact' info /dev/stdin"
    exits 0
    says out 'npz, 1 tensor'
fi
mkfifo named
(sleep 0.3 && cat w.safetensors >named) &
run "$autodidact" info named
exits 0
says out 'fc.weight'
wait
run "$autodidact" info named
exits 1
says err 'autodidact: named: is a pipe into which nobody writes'

# Sets of pictures and graphs.
mkdir -p set/cat set/dog
for i in 1 2 3 4; do
    cp p.ppm set/cat/$i.ppm
    cp p.ppm set/dog/$i.ppm
done
tar cf set.tar set
run sh -c "cat set.tar | '$autodidact' classify train --data /dev/stdin --model mlp --steps 1 --batch 2 --val 0.25 --run pictures -q --threads 1"
exits 0
mkfifo set/cat/pipe.ppm set/cat/config.json
ln -s .. set/dog/up
run "$autodidact" info set
exits 0
says out 'pictures of 2 classes'
says err 'set/dog/up: leads to a folder that was read already; left out'

# A graph says by its first lines that it is GML.
{
    echo 'graph ['
    for i in 1 2 3 4 5 6 7 8; do echo "node [ id $i value $((i % 2)) ]"; done
    for i in 1 2 3 4 5 6; do echo "edge [ source $i target $((i + 2)) ]"; done
    echo ']'
} >graph.gml
run sh -c "cat graph.gml | '$autodidact' graph train --data /dev/stdin --per-class 1 --epochs 1 --run graph -q --threads 1"
exits 0

# Texts, and what may come of one.
for i in 1 2 3 4 5 6 7 8; do echo 'to be or not to be that is the question'; done >text.txt
run sh -c "cat text.txt | '$autodidact' gpt train -d /dev/stdin --steps 1 --layers 1 --heads 1 --width 8 --block 8 --batch 1 --run text -q --threads 1"
exits 0
cat text/checkpoints/best.safetensors >best.safetensors
run sh -c "cat best.safetensors | '$autodidact' gpt sample /dev/stdin --tokenizer text -n 2 -p to"
says_not err 'empty'
says_not err 'weights file'
run "$autodidact" gpt sample text --file /dev/zero
exits 1
says err '/dev/zero: is a device without an end'
gzip -c text.txt >text.txt.gz
gzip -c text.txt.gz >twice.txt.gz
run "$autodidact" gpt eval text twice.txt.gz
exits 1
says err 'twice.txt.gz: is compressed more than once; it is expanded once'
run env AUTODIDACT_EXPAND_LIMIT=100 "$autodidact" gpt eval text text.txt.gz
exits 1
says err 'text.txt.gz: becomes more than 100 bytes; the environment variable AUTODIDACT_EXPAND_LIMIT allows more'
run env AUTODIDACT_EXPAND_LIMIT=much "$autodidact" gpt eval text text.txt.gz
exits 2
says err 'AUTODIDACT_EXPAND_LIMIT: "much" is not a number of bytes such as 16G'
finish
