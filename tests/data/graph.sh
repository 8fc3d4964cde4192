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
run "$autodidact" graph predict "$tmp/run" --data "$data/graphs_planetoid" --dataset cora --json --score
exits 0
says out '"items":1000'
finish
