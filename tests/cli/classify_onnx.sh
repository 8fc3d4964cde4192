#!/bin/sh
# classify_onnx.sh - ONNX files as classifiers: `classify predict` and `eval` against onnxruntime's probabilities
# (tests/oracle/onnx_classifiers.py), for everything that pictures can be to a network. needs: protobuf-c png
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
has protobuf-c || { skip 'ONNX files need protobuf-c'; good; finish; exit; }
cp "$fixtures"/classifiers/*.onnx . && nets=.

{ printf 'P6 40 30 255\n'; yes "$(printf '\310d2')" | tr -d '\n' | head -c 3600; } >colour.ppm

# "FIRST SECOND ...": what the command says of the first four classes, in their order.
said() {
    sed 's/.*"classes":\[//; s/\],"probabilities":\[/,/; s/\].*//' .out | tr '",' '  ' |
        awk '{ n = NF / 2; for (i = 1; i <= n; i++) p[$i] = $(n + i); print p[0], p[1], p[2], p[3] }'
}
while read -r file pixels a b c d; do
    [ $file != words ] || continue
    run "$autodidact" classify predict $nets/$file.onnx colour.ppm --pixels $pixels --top 4 --json
    exits 0
    says_not err '--pixels'
    check "$file with $pixels as onnxruntime has it: $a $b $c $d" sh -c 'echo "$@" | awk "{ for (i = 1; i <= 4; i++)
        if (\$i - \$(i + 4) > 2e-5 || \$(i + 4) - \$i > 2e-5) exit 1 }"' - $(said) $a $b $c $d
done <"$fixtures/classifiers/expected.txt"

# What is guessed is said, and is what was guessed.
run "$autodidact" classify predict $nets/channels_first.onnx colour.ppm
exits 0
says err 'channels_first.onnx: is shown pictures as torchvision normalises them; --pixels says otherwise'
says err 'channels_first.onnx: does not name its 4 classes; --classes FILE does'
says out 'colour.ppm (40 x 30, resized to a shorter side of 18, of which the centre of 16 x 16 is looked at)'
says out '   56.27 %  0'
run "$autodidact" classify predict $nets/channels_last.onnx colour.ppm
says err 'channels_last.onnx: is shown pictures of -1 to 1'
says out '   54.83 %  0'

# 1000 classes have words; any size is 224; several pictures, of a network that sees one at a time.
run "$autodidact" classify predict $nets/words.onnx colour.ppm --top 4
exits 0
says out 'the centre of 224 x 224'
says out '   55.58 %  tench'
says out '   12.75 %  goldfish'
cp colour.ppm other.ppm
for net in channels_first channels_last; do
    run "$autodidact" classify predict $nets/$net.onnx colour.ppm other.ppm --threads 2
    exits 0
    check "$net says the same of both" [ "$(grep -c '5[46]\.[82][37] %  0' .out)" = 2 ]
done
printf 'fish\nbird\ncat\ndog\n' >names.txt
run "$autodidact" classify predict $nets/channels_first.onnx colour.ppm --classes names.txt --saliency looks.png
exits 0
says out '%  fish'
check 'where it looks' [ -s looks.png ]

# Measured on folders that are called by words, or by numbers.
mkdir -p words/tench words/goldfish numbers/0 numbers/3
cp colour.ppm words/tench/1.ppm && cp colour.ppm words/goldfish/1.ppm
cp colour.ppm numbers/0/1.ppm && cp colour.ppm numbers/3/1.ppm
run "$autodidact" classify eval $nets/words.onnx --data words --split train -q
exits 0
says out '50.00 %'
run "$autodidact" classify eval $nets/channels_last.onnx --data numbers --split train -q
exits 0
says out '50.00 %'

# What cannot be.
wrong() { # STATUS TEXT ARGUMENT...
    want=$1 text=$2
    shift 2
    run "$autodidact" classify "$@"
    exits $want
    says err "$text"
}
wrong 1 'picture.onnx: is no classifier: it makes [1, 224, 224, 3] of 1 picture' predict "$fixtures/onnx/picture.onnx" colour.ppm
wrong 1 'styles.onnx: is no network that looks at a picture' predict "$fixtures/onnx/styles.onnx" colour.ppm
wrong 1 'nothing.onnx' predict nothing.onnx colour.ppm
wrong 2 '--pixels' predict $nets/words.onnx colour.ppm --pixels rgb
run "$autodidact" classify train --data numbers --model mlp --size 4 --batch 1 --steps 1 --val 0 --run small -q
exits 0
wrong 1 '--pixels is of ONNX files, and small/checkpoints/' predict small colour.ppm --pixels unit
head -c 300 $nets/words.onnx >cut.onnx
wrong 1 'cut.onnx' predict cut.onnx colour.ppm
wrong 1 'the network has no class "cats"' eval $nets/words.onnx --data "$(mkdir -p bad/dogs bad/cats && cp colour.ppm bad/dogs && cp colour.ppm bad/cats && echo bad)" --split train
run "$autodidact" convert $nets/words.onnx out.npz
exits 1
one_line err
check 'nothing was written' [ ! -e out.npz ]

# DeepDream of a class, by its number or word; the layer that an ONNX file lacks is told with those that it has.
run "$autodidact" dream make --noise --weights $nets/words.onnx --logit goldfish --size 48 --steps 2 --levels 1 -o word.png -q
exits 0
run "$autodidact" dream make --noise --weights $nets/words.onnx --logit 1 --size 48 --steps 2 --levels 1 -o number.png -q
exits 0
check 'the word is the number' cmp word.png number.png
run "$autodidact" dream make --noise --weights $nets/words.onnx --logit tench --size 48 --steps 2 --levels 1 -o tench.png -q
check 'another class is another dream' sh -c '! cmp -s word.png tench.png'
run "$autodidact" dream make --noise --weights $nets/words.onnx --pixels bytes --logit tench --size 48 --steps 2 --levels 1 -o bytes.png -q
check 'and so are other pixels' sh -c '! cmp -s tench.png bytes.png'
wrong_dream() { # STATUS TEXT OPTION...
    want=$1 text=$2
    shift 2
    run "$autodidact" dream make --noise --size 48 --steps 1 --levels 1 -o x.png "$@"
    exits $want
    says err "$text"
}
wrong_dream 2 '--logit: words.onnx has no class "godlfish" (did you mean goldfish?)' --weights words.onnx --logit godlfish
wrong_dream 2 'it has numbers 0 to 3' --weights channels_first.onnx --logit 4
wrong_dream 2 '--logit and --channel exclude each other' --weights words.onnx --logit 1 --channel 1
wrong_dream 2 '--logit: compact has no layer logits; it has conv1_1' --logit 1
wrong_dream 1 'logits is of the picture as a whole' --weights words.onnx --logit 1 --tile 64 --size 96
wrong_dream 1 'there is no value or node "nope" in it; it computes c, r, g, y' --weights words.onnx --layer nope
wrong_dream 2 '--pixels is of ONNX files' --pixels unit
check 'nothing was written' [ ! -e x.png ]
finish
