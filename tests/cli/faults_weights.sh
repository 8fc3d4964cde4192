#!/bin/sh
# faults_weights.sh: weights that are not finite, and finite ones so large that results are not, through every verb
# that reads weights: none samples, ranks, scores or draws with them, and each says where they are.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
make_seed
cd "$seed" || exit 1
works_here() { "$autodidact" "$@" >"$tmp/.out" 2>&1 || { cat "$tmp/.out"; exit 1; }; }
works_here convert "$root/zoo/backbone/compact.safetensors" backbone.safetensors --dtype f32

place() { # FILE TENSOR: where its bytes begin and end in a safetensors file
    header=$(od -An -tu8 -N8 "$1" | tr -d ' ')
    head -c $((8 + header)) "$1" | tail -c +9 | sed -n "s/.*\"$2\": *{[^}]*\"data_offsets\":\[\([0-9]*\),\([0-9]*\)\].*/\1 \2/p" |
        { read -r from to; [ -z "$from" ] || echo $((from + 8 + header)) $((to + 8 + header)); }
}
put() { dd of="$1" bs=1 seek="$2" conv=notrunc 2>"$tmp/dd" || { cat "$tmp/dd"; exit 1; }; }
# One NaN; or each element 3.4e38.
nan() { set -- "$1" $(place "$1" "$2"); printf '\0\0\300\177' | put "$1" $(($3 - 4)); }
huge() {
    set -- "$1" $(place "$1" "$2")
    head -c $(($3 - $2)) /dev/zero | tr '\0' '\177' | put "$1" "$2"
}

refused() { # WORDS COMMAND...: within a minute, in one sentence that has these words, and nothing that looks like a result
    words=$1
    shift
    run timeout 60 "$autodidact" "$@"
    exits 1
    says err "$words"
    check 'it is one sentence' [ "$(grep -c '^autodidact: ' "$tmp/.err")" = 1 ]
    check 'nothing looks like a result' sh -c "! grep -q '[a-z0-9]' '$tmp/.out'" # a prompt may be there
}
works() {
    run timeout 60 "$autodidact" "$@"
    exits 0
}

each_reader() { # KIND WORDS
    kind=$1 words=$2
    refused "$words" gpt sample $kind-gpt --tokens 3
    refused "$words" gpt sample $kind-gpt --tokens 3 --temperature 0
    refused "$words" gpt eval $kind-gpt text.txt
    refused "$words" gpt train --init $kind-gpt --data text.txt --steps 2 --batch 2 --run $kind-1
    refused "$words" classify predict $kind-classify pictures/test/left/1.pgm --saliency $kind.png
    refused "$words" classify predict $kind-classify pictures/test --json
    refused "$words" classify eval $kind-classify --data pictures
    refused "$words" classify train --init $kind-classify --data pictures $classify_options --run $kind-2
    refused "$words" graph predict $kind-graph --data graph --split all
    refused "$words" graph show $kind-graph --data graph -o $kind-figures
    refused "$words" style make photo.ppm painting.ppm $style_options -o $kind.png --weights $kind-backbone.safetensors
    refused "$words" style reconstruct photo.ppm $style_options -o $kind.png --weights $kind-backbone.safetensors
    check 'no picture was written' [ ! -e $kind.png ]
    for run in gpt classify graph; do # what only carries weights goes on working
        works runs export $kind-$run -o exported.safetensors
        works info $kind-$run/checkpoints/best.safetensors
        works convert $kind-$run/checkpoints/best.safetensors exported.npz
        works runs show $kind-$run
    done
}

for kind in nan huge; do
    for run in gpt classify graph; do cp -r $run-run $kind-$run; done
    cp backbone.safetensors $kind-backbone.safetensors
    best=checkpoints/best.safetensors
    $kind $kind-gpt/$best transformer.ln_f.weight
    $kind $kind-classify/$best fc.weight
    $kind $kind-graph/$best gat_net.1.linear_proj.weight
    $kind $kind-backbone.safetensors conv12.weight
done
each_reader nan 'is not finite: element'
each_reader huge 'is not finite'
finish
