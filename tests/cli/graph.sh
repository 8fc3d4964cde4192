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
run "$autodidact" graph train --data "$tmp/rings" --per-class 1000 --steps 2 --run "$tmp/alltrain"
exits 0
says err "rings: no node is left to validate with: --per-class 1000 takes all to train on"
run "$autodidact" graph predict "$tmp/a" --data "$tmp/rings" --per-class 4 --split all
exits 0
says out "n23"
says out "two"
run "$autodidact" graph predict "$tmp/a" --data "$tmp/rings" --per-class 4 --split all --json
says out '"classes":["two",'
says_not out '"two":'

# what was trained with is taken from the run: 24 nodes, 8 of them train, 12 validate, 4 are left
run "$autodidact" graph predict "$tmp/a" --json --score
exits 0
says out '"items":4,"accuracy":1'
silent err
run "$autodidact" graph predict "$tmp/a/checkpoints/best.safetensors" --score --split train
exits 0
says out "on 8 nodes (train)"
run "$autodidact" graph predict "$tmp/a" --score --per-class 1
says out "on 10 nodes (test)"
cp "$tmp/a/checkpoints/best.safetensors" "$tmp/alone.safetensors"
run "$autodidact" graph predict "$tmp/alone.safetensors"
exits 2
says err "--data is missing"
run "$autodidact" graph predict "$tmp/alone.safetensors" --data "$tmp/rings" --per-class 4 --score
exits 0
says err "has no splits, and the weights do not say which nodes they were trained on"
cp -r "$tmp/a" "$tmp/lies"
sed 's/"features": "auto"/"features": "cheese"/' "$tmp/a/config.json" >"$tmp/lies/config.json"
run "$autodidact" graph predict "$tmp/lies"
exits 1
says err "lies/config.json: --features: \"cheese\" is not one of"
run sh -c "cd '$tmp/a' && '$autodidact' graph predict checkpoints/best.safetensors --score"
exits 0
says out "on 4 nodes (test)"
run "$autodidact" graph predict "$tmp/a" --node n7
exits 0
says out "n7"
says_not out "n8"
run "$autodidact" graph predict "$tmp/a" --node m7
exits 1
says err "--node: there is no node m7; did you mean n7?"
run "$autodidact" graph predict "$tmp/a" --node n7 --score
exits 1
run "$autodidact" graph show "$tmp/a" --data "$tmp/rings" --per-class 4 -o "$tmp/pictures"
exits 0
check "three pictures" test "$(ls "$tmp/pictures" | wc -l)" = 3
run "$autodidact" graph show "$tmp/a" --data "$tmp/rings" --per-class 4 -o "$tmp/pixels" --format png
exits 0
for picture in embedding entropy neighbourhood; do
    check "the picture of $picture" "$autodidact" info "$tmp/pixels/$picture.png"
done
# a disk that is full leaves the picture that was there
cp "$tmp/pictures/neighbourhood.svg" "$tmp/before.svg"
run sh -c "trap '' XFSZ; ulimit -f 1; exec '$autodidact' graph show '$tmp/a' -o '$tmp/pictures' --node n13"
exits 1
says err "neighbourhood.svg"
check "the old picture is whole" cmp "$tmp/before.svg" "$tmp/pictures/neighbourhood.svg"
check "and nothing beside it" test "$(ls "$tmp/pictures" | wc -l)" = 3
run "$autodidact" graph show "$tmp/a" -o "$tmp/pictures" --node 24
exits 1
says err "there are 24 nodes"
run "$autodidact" graph show "$tmp/a" -o "$tmp/pictures" --node n13
exits 0
check "the node's name is drawn" grep -q "What node n13 looks at" "$tmp/pictures/neighbourhood.svg"
check "names beside points" grep -q ">n20<" "$tmp/pictures/embedding.svg"
check "its neighbours' names are" grep -q ">n15<" "$tmp/pictures/neighbourhood.svg"
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

run "$autodidact" graph predict "$tmp/shapes/fold-2" --score
exits 0
says out "accuracy 1.0000 on 8 graphs (test)"
run "$autodidact" graph predict "$tmp/shapes" --score
exits 1
says err "each seed-N and fold-N has its own"
run "$autodidact" graph predict "$tmp/shapes/fold-2" --node 1
exits 1
says err "these data label graphs"

# weights of edges
mkdir "$tmp/weighted"
cp "$tmp/rings/nodes.csv" "$tmp/weighted"
awk -F, 'NR == 1 { print "Source;Target;Weight;Since" } NR > 1 { print $1 ";" $2 ";" NR % 5 / 2 ";1" }' \
    "$tmp/rings/edges.csv" >"$tmp/weighted/edges.csv"
for model in gcn gat; do
    run "$autodidact" graph train --data "$tmp/rings" --model $model --steps 2 --run "$tmp/plain-$model" $common
    run "$autodidact" graph train --data "$tmp/weighted" --model $model --steps 2 --run "$tmp/weighted-$model" \
        --per-class 4 --lr 0.02
    exits 0
    says err "edges.csv: not used of its columns: Since"
    says err 'edges.csv: fields are separated by ";"'
    check "$model: other weights, another network" sh -c "! cmp -s '$tmp/plain-$model/checkpoints/best.safetensors' \
        '$tmp/weighted-$model/checkpoints/best.safetensors'"
done
sed 's/;1;1$/;-1;1/' "$tmp/weighted/edges.csv" >"$tmp/.edges" && mv "$tmp/.edges" "$tmp/weighted/edges.csv"
run "$autodidact" graph train --data "$tmp/weighted" --model gcn --steps 2 --run "$tmp/negative" $common
exits 1
says err "gcn takes no negative weights; the edge from node"

# no features, no validation: defaults give way
cat >"$tmp/club.gml" <<'END'
graph [
  node [ id 0 label "Ann" club "one" ] node [ id 1 label "Bob" club "one" ] node [ id 2 label "Cyd" club "one" ]
  node [ id 3 label "Dan" club "two" ] node [ id 4 label "Eve" club "two" ] node [ id 5 label "Fay" club "two" ]
  edge [ source 0 target 1 ] edge [ source 1 target 2 ] edge [ source 0 target 2 ] edge [ source 2 target 3 ]
  edge [ source 3 target 4 ] edge [ source 4 target 5 ] edge [ source 3 target 5 ]
]
END
run "$autodidact" graph train --data "$tmp/club.gml" --steps 3 --run "$tmp/club"
exits 0
says err "the nodes have no features; each gets one of its own (--features identity)"
run "$autodidact" graph train --data "$tmp/club.gml" --steps 3 --patience 7 --run "$tmp/patient"
exits 1
says err "--patience: nothing is monitored here"
run "$autodidact" graph predict "$tmp/club" --split all
exits 0
says out "Cyd"
run "$autodidact" graph train --data "$tmp/club.gml" --features given --steps 3 --run "$tmp/given"
exits 1
says err "the nodes have no features (--features identity gives each its own)"
run "$autodidact" graph train --data "$tmp/club.gml" --features degree --steps 3 --run "$tmp/degree" --quiet
exits 0
run "$autodidact" graph predict "$tmp/degree" --node Eve
exits 0
says out "Eve"

mkdir "$tmp/two"
printf 'id,label,graph\na,x,1\nb,y,1\nc,x,1\nd,x,2\ne,y,2\n' >"$tmp/two/nodes.csv"
printf 'source,target\na,b\nb,c\nd,e\n' >"$tmp/two/edges.csv"
run "$autodidact" graph train --data "$tmp/two" --steps 2 --run "$tmp/both"
exits 0
says err "the nodes have no features; their numbers of edges are taken for that"
run "$autodidact" graph train --data "$tmp/two" --features identity --steps 2 --run "$tmp/none"
exits 1
says err "tells nodes of one graph apart; there are 2 graphs"

# values that cannot be computed with
printf 'id,label,a\nx,a,1\ny,b,3e38\n' >"$tmp/weighted/nodes.csv"
run "$autodidact" graph train --data "$tmp/weighted" --raw --steps 2 --run "$tmp/huge" $common
exits 1
says err "nodes.csv:3: 3e38 in column a is too large for a feature"

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
run "$autodidact" graph train --data "$tmp/shapes.txt" --model gin --layers 1 --width 4 --epochs 1 --run "$tmp/graphs" -q
run "$autodidact" classify predict "$tmp/graphs" "$tmp/shapes.txt" # of another system: its settings are not looked at
exits 1
one_line err
says err 'was written by `graph train`, not by `classify train`'
finish
