#!/bin/sh
# graph.sh: the verbs of `graph` on small graphs made here.
. "$(dirname "$0")/../check.sh"

# Two rings of twelve nodes, one of each class; features tell little, neighbours much.
mkdir "$tmp/rings"
{
    echo "id,label,a,b,c"
    i=0
    while [ $i -lt 24 ]; do
        class=one a=1 b=0
        [ $i -lt 12 ] || { class=two; a=0; b=1; }
        [ $((i % 3)) = 0 ] || { a=0; b=0; }
        echo "n$i,$class,$a,$b,1"
        i=$((i + 1))
    done
} >"$tmp/rings/nodes.csv"
{
    echo "source,target"
    i=0
    while [ $i -lt 24 ]; do
        start=$((i / 12 * 12))
        echo "n$i,n$((start + (i + 1) % 12))"
        echo "n$i,n$((start + (i + 2) % 12))"
        i=$((i + 1))
    done
} >"$tmp/rings/edges.csv"
common="--per-class 4 --lr 0.02 --quiet"

run "$autodidact" graph train --data "$tmp/rings" --steps 60 --run "$tmp/a" --threads 1 $common
exits 0
says out "test_accuracy            1"
run "$autodidact" graph train --data "$tmp/rings" --steps 60 --run "$tmp/b" --threads 2 $common
check "the same bytes with two threads" \
    cmp "$tmp/a/checkpoints/step-000000060.safetensors" "$tmp/b/checkpoints/step-000000060.safetensors"
for figure in embedding entropy neighbourhood; do
    check "the report's $figure" grep -q "<svg" "$tmp/a/samples/$figure.svg"
done
run "$autodidact" graph predict "$tmp/a" --data "$tmp/rings" --per-class 4 --split all
exits 0
says out "n23"
says out "two"
run "$autodidact" graph predict "$tmp/a" --data "$tmp/rings" --per-class 4 --json --score
says out '"accuracy":1'
run "$autodidact" graph show "$tmp/a" --data "$tmp/rings" --per-class 4 -o "$tmp/pictures"
exits 0
check "three pictures" test "$(ls "$tmp/pictures" | wc -l)" = 3
run "$autodidact" graph show "$tmp/a" --data "$tmp/rings" --per-class 4 -o "$tmp/pixels" --format png
exits 0
for picture in embedding entropy neighbourhood; do
    check "the picture of $picture" "$autodidact" info "$tmp/pixels/$picture.png"
done
run "$autodidact" graph show "$tmp/a" --data "$tmp/rings" --per-class 4 -o "$tmp/pictures" --node 24
exits 1
says err "there are 24 nodes"
run "$autodidact" graph train --data "$tmp/rings" --model gcn --steps 60 --run "$tmp/gcn" $common
exits 0
says out "test_accuracy"
run "$autodidact" graph train --data "$tmp/rings" --model gin --steps 2 --run "$tmp/x" $common
exits 1
says err "gin classifies graphs"
run "$autodidact" explain graph --data "$tmp/rings" --stage kernels
exits 0
says out "graph attention"

# graphs as a whole: triangles and paths
{
    echo 24
    i=0
    while [ $i -lt 12 ]; do
        printf '3 0\n0 2 1 2\n0 2 0 2\n0 2 0 1\n'
        printf '4 1\n0 1 1\n0 2 0 2\n0 2 1 3\n0 1 2\n'
        i=$((i + 1))
    done
} >"$tmp/shapes.txt"
run "$autodidact" graph train --data "$tmp/shapes.txt" --model gin --layers 2 --width 8 --dropout 0 --lr 0.02 --folds 3 \
    --val 0 --patience 0 --epochs 30 --batch 8 --weight-decay 0 --run "$tmp/shapes" --quiet
exits 0
says out "test_accuracy            1 +- 0"

# what is wrong is named
echo "n3,n99" >>"$tmp/rings/edges.csv"
run "$autodidact" graph train --data "$tmp/rings" --steps 2 --run "$tmp/y" $common
exits 1
says err "n99"
one_line err
run "$autodidact" graph train --data "$tmp/none" --steps 2
exits 1
run "$autodidact" graph predict "$fixtures/optim.safetensors" --data "$tmp/shapes.txt"
exits 1
says err "does not say which network it holds"
finish
