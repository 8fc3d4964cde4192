#!/bin/sh
# faults_cut.sh: a file that loses all its bytes while a verb reads it, at moments over the whole course: an error in
# one sentence, or what was read before; never the signal that a mapping of such a file ends in.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
can_disturb || { skip "faults cannot be put in front of this C library"; good; finish; exit; }
make_seed
moments=5
[ -z "${AD_FAULTS_ALL:-}" ] || moments=500
cut() { # FILE COMMAND...
    export AD_FAULT_FILE="$1"
    shift
    disturb reads "$@" -f cut -n $moments
}
head -c 100000 /dev/zero | tr '\0' 'a' >"$seed/long.txt"
{ printf 'P6 100 100 255\n'; head -c 30000 /dev/zero; } >"$seed/large.ppm"
"$autodidact" convert "$root/zoo/backbone/compact.safetensors" "$seed/large.npz" >"$tmp/.out" 2>&1 || cat "$tmp/.out"
for file in tiny_cnn.pth arrays.npz library.safetensors large.npz jpeg-L.jpg png-P.png webp-lossy.webp large.ppm pictures.tar pictures.tar.gz; do
    cut $file info $file
done
cut large.npz convert large.npz new.safetensors
cut tiny_cnn.pth convert tiny_cnn.pth new.safetensors
cut long.txt gpt eval gpt-run long.txt
cut long.txt gpt train --data long.txt $gpt_options --run new
cut bpe/vocab.json gpt train --data text.txt --tokenizer bpe $gpt_options --run new
cut gpt-run/checkpoints/best.safetensors gpt sample gpt-run --tokens 2
cut gpt-run/config.json runs show gpt-run
cut gpt-run/metrics.jsonl runs report gpt-run
cut large.ppm style make large.ppm painting.ppm $style_options -o new.png
cut pictures/train/left/1.pgm classify train --data pictures $classify_options --run new
cut pictures.tar classify train --data pictures.tar $classify_options --run new
"$autodidact" bert search "$seed/graph" n1 --model "$seed/bert/bare" --index "$seed/index.safetensors" --quiet >"$tmp/.out" 2>&1 || cat "$tmp/.out"
cut index.safetensors bert search graph n1 --model bert/bare --index index.safetensors
cut graph/edges.csv bert search graph n1 --model bert/bare --index new.safetensors
cut graph/edges.csv graph train --data graph $graph_options --run new
finish
