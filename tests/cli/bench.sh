#!/bin/sh
# bench.sh - `autodidact bench`: what it computes depends on nothing but the workload, and can be saved.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

run "$autodidact" bench dqn-mlp gat --runs 2 --threads 1 --json
exits 0
says out '"event":"machine"'
says out '"workload":"dqn-mlp"'
says out '"workload":"gat"'
says out '"runs":2'
"$autodidact" bench dqn-mlp gat flow --runs 1 --threads 1 --json | sed -n 's/.*\("check":[^]]*]\).*/\1/p' >one
"$autodidact" bench dqn-mlp gat flow --runs 1 --threads 3 --json | sed -n 's/.*\("check":[^]]*]\).*/\1/p' >three
check "the results depend on the number of threads" cmp one three
# three numbers each, and training makes them differ; optical flow learns nothing
run awk -F '[][,]' '($2 == $3 || $3 == $4) != (NR == 3) || NF < 5 { bad = 1 } END { exit bad || NR != 3 }' one
exits 0

mkdir saved
run "$autodidact" bench dqn-mlp --runs 1 --save saved -q
exits 0
run "$autodidact" info saved/dqn-mlp.safetensors
exits 0
says out target.fc3.bias
says out input.state
says out input.action

run "$autodidact" bench first
exits 0
run "$autodidact" bench dqn-mlp --runs 1 --kernels 3
exits 0
says out "of peak"
says err "GFLOP/s"
"$autodidact" bench gpt-char --runs 1 --threads 1 --json | sed -n 's/.*\("check":[^]]*]\).*/\1/p' >whole
"$autodidact" bench gpt-char --runs 1 --threads 1 --json --memory-limit 16M >limited
check "the results depend on the memory limit" grep -qF "$(cat whole)" limited
check "nothing is made again under a memory limit" grep -q '"kernels_again":[1-9]' limited
run "$autodidact" bench gpt2-decode dqn-mlp --precision q4_0
exits 2
says err '--precision q4_0 is for gpt2-decode, not for dqn-mlp'
run "$autodidact" bench --precision q8_0
exits 2
run "$autodidact" bench dqn-mlp --runs 1 --save nowhere
exits 1
says err nowhere
run "$autodidact" bench everything
exits 2
says err everything
finish
