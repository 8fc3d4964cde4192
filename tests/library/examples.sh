#!/bin/sh
# examples.sh - the example programs do what they say.
with_command=no
. "$(dirname "$0")/../check.sh"

run "$examples/fit_line"
exits 0
says out 'y = '
silent err
run "$examples/tiny_classifier"
exits 0
says out 'accuracy on unseen points'
silent err
run "$examples/hessian_vector"
exits 0
says out 'Hessian times vector: exact'
silent err
if has zip; then
    run "$examples/run_pth" "$fixtures/tiny_cnn.pth"
    exits 0
    says out 'largest difference from PyTorch'
    silent err
else
    run "$examples/run_pth" "$fixtures/tiny_cnn.pth"
    exits 1
    says err 'tiny_cnn.pth: reading zip archives (.npz, PyTorch files) is not built in'
fi
run "$examples/run_pth" "$tmp/none.pth"
exits 1
says err 'none.pth'
run "$examples/run_pth"
exits 2
if has png; then
    mkdir "$tmp/plots"
    run "$examples/plots" "$tmp/plots"
    exits 0
    silent err
    check "seven drawings twice, and a sheet" test "$(ls "$tmp/plots" | wc -l)" = 15
    run "$examples/plots" "$tmp/none"
    exits 1
    says err "$tmp/none"
fi
finish
