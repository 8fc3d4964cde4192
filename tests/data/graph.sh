#!/bin/sh
# graph.sh DATA: a published network on Cora gives the accuracy that is recorded in it.
data=$1
. "$(dirname "$0")/../check.sh"
run "$autodidact" graph predict "$data/graphs_planetoid/gat_cora/gat_000000.pth" --data "$data/graphs_planetoid" \
    --dataset cora --score
exits 0
says out "accuracy 0.8220 on 1000 nodes (test)"
run "$autodidact" graph train --data "$data/graphs_planetoid" --dataset cora --run "$tmp/run" --steps 60 --quiet
exits 0
run "$autodidact" graph predict "$tmp/run" --json --score
exits 0
says out '"items":1000'

# Zachary's club: edges as GML, sides as a table, no features
mkdir "$tmp/karate"
cp "$data/karate/karate.gml" "$tmp/karate"
sed '1s/.*/id,label/' "$data/karate/karate_clubs.csv" >"$tmp/karate/nodes.csv"
run "$autodidact" graph train --data "$tmp/karate" --per-class 2 --steps 200 --run "$tmp/club" --quiet
exits 0
run "$autodidact" graph predict "$tmp/club" --score
exits 0
says out "on 13 nodes (test)"
run "$autodidact" graph show "$tmp/club" -o "$tmp/pictures" --node 34
exits 0
finish
