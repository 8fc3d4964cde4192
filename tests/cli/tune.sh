#!/bin/sh
# tune.sh - `--tune` and `--wisdom` of the verbs that compute: what is measured once is known afterwards,
# and only then read when that is asked for.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
export XDG_CACHE_HOME="$tmp/cache" HOME="$tmp/home"
known=cache/autodidact/wisdom
bench() { run "$autodidact" bench dqn-mlp --runs 1 --threads 1 --json "$@"; }
checks() { sed -n 's/.*\("check":[^]]*]\).*/\1/p' .out; }

bench
exits 0
silent err
checks >plain
check 'nothing is kept unasked' [ ! -e cache ]

bench --tune
exits 0
says err 'tuned: '
says err 'cache/autodidact/wisdom'
one_line err
checks >tuned
check 'what was measured is in the cache' grep -q '^[0-9.e-]*	.*	matmul f32' $known
check 'no lock stays' [ "$(ls cache/autodidact)" = wisdom ]
cp $known first
bench --tune
exits 0
silent err
checks >again
check 'the same with what is known' cmp tuned again
check 'the file is as it was' cmp $known first
bench
checks >again
check 'without it as ever' cmp plain again

# The number of threads changes nothing.
run "$autodidact" bench dqn-mlp --runs 1 --threads 3 --json --wisdom $known
exits 0
silent err
checks >again
check 'the same with three threads' cmp tuned again

bench --tune --quiet --wisdom own
exits 0
silent err
check 'the file that was named' [ -s own ]
bench --wisdom missing
exits 1
one_line err
says err 'missing: cannot open'
echo hello >broken
bench --tune --wisdom broken
exits 1
one_line err
says err 'broken: line 1: is not wisdom'
check 'it is not touched' [ "$(cat broken)" = hello ]
XDG_CACHE_HOME=relative bench --tune
exits 0
check 'a relative cache is ignored' [ -s home/.cache/autodidact/wisdom ]
XDG_CACHE_HOME='' HOME='' bench --tune
exits 1
says err 'name a file with --wisdom'

seq 300 | sed 's/$/ bottles of beer/' >beer.txt
run "$autodidact" gpt train --data beer.txt --run one --layers 1 --heads 2 --width 32 --block 16 --batch 2 --steps 4 --tune --wisdom beer
exits 0
says err 'tuned: '
check 'the run keeps a copy' cmp beer one/wisdom
run "$autodidact" gpt sample one -n 10 --tune --wisdom beer
exits 0
cp .out seen
run "$autodidact" gpt sample one -n 10 --wisdom beer
check 'the same text' cmp .out seen
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1
run "$autodidact" style make photo.png painting.png -o seen.png --size 64 --steps 2 --tune --wisdom paint
exits 0
says err 'tuned: '
run "$autodidact" style make photo.png painting.png -o again.png --size 64 --steps 2 --wisdom paint -q
exits 0
check 'the same picture' cmp seen.png again.png
run "$autodidact" gpt eval one beer.txt --tune
exits 2
finish
