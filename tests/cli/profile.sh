#!/bin/sh
# profile.sh - `--profile FILE` of the verbs that compute: a trace each, a table for people, the same results.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1
seq 500 | sed 's/$/ bottles of beer/' >beer.txt

traces() { # FILE KERNEL: runs 3 to 12 of a program, whose kernels are among others KERNEL
    check "$1 is a trace" grep -q '"traceEvents":\[' "$1"
    check "$1 has run 3" grep -q '"ph":"X".*"run":3,' "$1"
    check "$1 has no run 2" sh -c "! grep -q '\"run\":2,' '$1'"
    check "$1 has no run 13" sh -c "! grep -q '\"run\":13,' '$1'"
    check "$1 has $2" grep -q "\"name\":\"$2" "$1"
}

run "$autodidact" gpt train --data beer.txt --run one --layers 2 --heads 2 --width 32 --block 32 --batch 4 --steps 20 --profile train.json
exits 0
says err 'train.json: '
says err ' in kernels; the longest:'
check 'ten kernels' [ "$(grep -c '%.* us .*%  .*: .*([0-9]*)$' .err)" = 10 ]
traces train.json matmul
traces train.json attention
check 'config.json does not speak of it' sh -c '! grep -q profile one/config.json'

run "$autodidact" gpt sample one --prompt 7 -n 30 --profile sample.json
exits 0
says err 'sample.json: '
traces sample.json matmul
cp .out seen
run "$autodidact" gpt sample one --prompt 7 -n 30
check 'the same text' cmp .out seen

run "$autodidact" style make photo.png painting.png -o seen.png --size 64 --steps 6 --json --profile style.json
exits 0
says_not err longest
says_not out roofline
traces style.json conv2d
run "$autodidact" style make photo.png painting.png -o plain.png --size 64 --steps 6 -q
check 'the same picture' cmp seen.png plain.png

# What cannot be written is known before anything is made.
run "$autodidact" style make photo.png painting.png -o other.png --size 64 --steps 2 --profile missing/trace.json
exits 1
one_line err
says err 'missing/trace.json: '
check 'nothing was made' [ ! -e other.png ]
run "$autodidact" gpt sample one -n 5 --profile /dev/null/trace.json
exits 1
silent out
run "$autodidact" gpt eval one beer.txt --profile trace.json
exits 2
finish
