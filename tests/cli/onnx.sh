#!/bin/sh
# onnx.sh - networks of ONNX files from the command line: what is in them, and running them on pictures and tensors.
. "$(dirname "$0")/../check.sh"
nets=$fixtures/onnx
cd "$tmp" || exit 1

run "$autodidact" info "$nets/picture.onnx"
exits 0
silent err
says out 'ONNX, opset 13, by onnx_files, 2 nodes, 11 parameters'
says out 'can be run'
says out '[1, 3, ?, ?]'
says out 'Conv'
run "$autodidact" info "$nets/picture.onnx" --json
exits 0
says out '{"event":"input","name":"image","dtype":"float32","shape":[1,3,-1,-1]}'
says out '"supported":true'
run "$autodidact" info "$nets/bad/unknown.onnx"
exits 0
says out 'cannot be run: '
says out 'com.example.Strange (node "n0"), Loop (node "n1")'
run "$autodidact" info "$nets/bad/cut.onnx"
exits 1
one_line err
says err 'not an ONNX file, or cut short'

# red, green and blue are turned around: three times is the picture itself, whatever the order of axes
printf 'P6 4 4 255\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV' >one.ppm
for net in picture picture_tf; do
    run "$autodidact" onnx run "$nets/$net.onnx" one.ppm -o two.png
    exits 0
    says err 'wrote two.png'
    for range in 1 255; do
        run "$autodidact" onnx run "$nets/picture_tf.onnx" image=two.png --range $range -o three.png -q
        exits 0
        silent err
        run "$autodidact" onnx run "$nets/picture_tf.onnx" three.png --range $range -o four.png -q
        exits 0
        run "$autodidact" onnx run "$nets/picture_tf.onnx" four.png --range $range -o five.png -q
        exits 0
        check "$net: three turns are none" cmp two.png five.png
    done
done
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm
exits 0
says out 'turned'
says out '[1, 3, 4, 4]'
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm --json --values n0,turned
exits 0
says out '"value":"n0"'

run "$autodidact" onnx run "$nets/picture.onnx" one.ppm -o all.npz
exits 0
run "$autodidact" info all.npz
says out 'turned'
run "$autodidact" onnx run "$nets/picture.onnx" image=all.npz --values n1 -o turned.npy
exits 0
run "$autodidact" onnx run "$nets/conv_9.onnx" "$fixtures/weights/arrays.npz"
exits 1
one_line err
says err 'has the name of an input'
run "$autodidact" onnx run "$nets/picture.onnx"
exits 1
says err 'the input "image" is needed and not given'
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm one.ppm
exits 1
says err 'there is no further input for it'
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm --values turnd
exits 1
says err 'did you mean "turned"?'
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm -o one.ppm
exits 1
run "$autodidact" onnx run "$nets/picture.onnx" one.ppm -o out.txt
exits 1
one_line err
run "$autodidact" onnx run "$nets/bad/unknown.onnx" one.npy
exits 1
one_line err
says err 'com.example.Strange'
check 'nothing half-written is left' test ! -e out.txt
finish
