#!/bin/sh
# classify.sh: the verbs of `classify` as a person uses them, on pictures made here.
. "$(dirname "$0")/../check.sh"

# picture FILE BRIGHT DARK: 8 x 8, the left half of one grey and the right of another.
picture() {
    { printf 'P2 8 8 255\n'; for y in 1 2 3 4 5 6 7 8; do echo "$2 $2 $2 $2 $3 $3 $3 $3"; done; } >"$1"
}
set_in() { # FOLDER COUNT
    mkdir -p "$1/left" "$1/right"
    i=0
    while [ $i -lt "$2" ]; do
        picture "$1/left/$i.pgm" $((200 + i % 50)) $((i % 40))
        picture "$1/right/$i.pgm" $((i % 40)) $((200 + i % 50))
        i=$((i + 1))
    done
}
set_in "$tmp/data/train" 24
set_in "$tmp/data/test" 8
common="--batch 16 --lr 1e-2 --quiet"

run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 60 --run "$tmp/a" --threads 1 $common
exits 0
says out "test_accuracy                1"
for file in config.json metrics.jsonl result.json confusion.json checkpoints/best.safetensors; do
    check "the run has $file" test -s "$tmp/a/$file"
done
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 60 --run "$tmp/b" --threads 2 $common
check "the same bytes with two threads" \
    cmp "$tmp/a/checkpoints/step-000000060.safetensors" "$tmp/b/checkpoints/step-000000060.safetensors"
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 4 --run "$tmp/a" $common
exits 1
says err "already holds a run"

run "$autodidact" classify eval "$tmp/a" --data "$tmp/data"
exits 0
says out "accuracy           100.00 %"
says out "is \\ taken for  left  right"
run "$autodidact" classify eval "$tmp/a" --data "$tmp/data" --json
says out '"accuracy":1'
run "$autodidact" classify predict "$tmp/a" "$tmp/data/test/left/3.pgm" --top 1 --saliency "$tmp/looks.png"
exits 0
says out "left"
check "the picture of where it looks" test -s "$tmp/looks.png"
run "$autodidact" classify predict "$tmp/a" "$tmp/data/test" --json --top 2
exits 0
says out '"class":"left","classes":["left","right"],"probabilities":[0.9'
says out '"width":8,"height":8,"seen_as":null}'
check "a line for each of sixteen pictures" test "$(wc -l <"$tmp/.out")" = 16

echo broken >"$tmp/broken.png"
run "$autodidact" classify predict "$tmp/a" "$tmp/data/test/right/1.pgm" "$tmp/broken.png" "$tmp/data/test/left" --json --top 1
exits 1
says err "broken.png"
one_line err
run "$autodidact" classify predict "$tmp/a" "$tmp/broken.png" "$tmp/data/test/right/1.pgm" "$tmp/data/test/left" --json --top 1 --skip-bad --saliency "$tmp/second.png"
exits 0
says err "left out: $tmp/broken.png"
says err 'what supports "right" in'
check "a line for each sound picture" test "$(wc -l <"$tmp/.out")" = 9
run "$autodidact" classify predict "$tmp/a" "$tmp/broken.png" --skip-bad --saliency "$tmp/none.png"
exits 1
says err "none.png: there is no picture to draw"
cp "$tmp/looks.png" "$tmp/input.png"
run "$autodidact" classify predict "$tmp/a" "$tmp/input.png" --saliency "$tmp/./input.png"
exits 1
says err 'input.png is also an input: choose another name'
check 'the input is as it was' cmp "$tmp/looks.png" "$tmp/input.png"
run "$autodidact" classify predict "$tmp/a" "$tmp/data/test/right/1.pgm" --saliency "$tmp/looks.txt"
exits 1
says err "looks.txt"
run "$autodidact" classify eval "$tmp/a" --data "$tmp/data" --split validation
exits 1
says err "has no validation pictures; where data are not divided, all are those of --split train"

# every network trains a step
for model in lenet resnet20 resnet32 resnet18 vgg; do
    run "$autodidact" classify train --data "$tmp/data" --model $model --steps 1 --run "$tmp/$model" $common
    exits 0
done
run "$autodidact" explain classify --model vgg --size 16 --batch 4 --classes 3 --stage graph
exits 0
says out "conv4_2"
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 1 --lr 0 --run "$tmp/untrained" --batch 16 --quiet
check "what is mistaken is drawn" test -s "$tmp/untrained/samples/mistaken-000000001.png"
run "$autodidact" classify train --data "$tmp/data" --model mlp --minutes 0.01 --size 12 --grey --run "$tmp/short" --batch 16
exits 0
says err "0.01 minutes: "
run "$autodidact" classify predict "$tmp/short" "$tmp/data/test/left/3.pgm" --top 1
says out "left"
run "$autodidact" classify train --data "$tmp/data" --model lenet --steps 2 --init "$tmp/lenet" --freeze --run "$tmp/frozen" $common
exits 0
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 2 --init "$tmp/resnet20" --run "$tmp/x" --batch 16
says err "tensors start from"
says err "fc.weight is [2, 64], the network expects [2, 256]"

# folds, and what goes wrong
run "$autodidact" classify train --data "$tmp/data/train" --model mlp --steps 8 --folds 2 --val 0 --run "$tmp/folds" --json $common
exits 0
says out '"test_accuracy_std":'
run "$autodidact" runs show "$tmp/folds"
exits 0
says err "next: autodidact classify eval $tmp/folds/fold-0 --data FILE" # where weights are
run "$autodidact" classify train --resume "$tmp/folds"
exits 0
says err "next: autodidact classify eval $tmp/folds/fold-0 --data FILE"

# A figure that does not exist: no curve can be drawn of one class.
mkdir -p "$tmp/lone/train/left" "$tmp/lone/train/right" "$tmp/lone/val/left"
cp "$tmp/data/train/left/0.pgm" "$tmp/lone/train/left"
cp "$tmp/data/train/right/0.pgm" "$tmp/lone/train/right"
cp "$tmp/data/train/left/1.pgm" "$tmp/lone/val/left"
run "$autodidact" classify train --data "$tmp/lone" --model mlp --steps 2 --batch 2 --run "$tmp/undefined"
exits 0
says out "validation_area_under_roc    -"
says_not out nan
says_not err nan
run "$autodidact" runs show "$tmp/undefined"
exits 0
says out "validation_area_under_roc    -"
run "$autodidact" classify train --data "$tmp/lone" --model mlp --steps 2 --batch 2 --seeds 2 --run "$tmp/undefined-twice" -q
exits 0
says out "validation_area_under_roc    -"
says_not out "- +-"
run "$autodidact" classify train --resume "$tmp/undefined" --json -q
exits 0
says out '"validation_area_under_roc":null'
cp "$tmp/a/config.json" "$tmp/other.json"
run "$autodidact" classify train --data "$tmp/data" --model lenet --config "$tmp/other.json" --run "$tmp/c" $common
exits 0
cp -r "$tmp/a" "$tmp/d"
rm "$tmp/d/result.json"
cp "$tmp/lenet/checkpoints/step-000000001.safetensors" "$tmp/d/checkpoints/step-000000061.safetensors"
run "$autodidact" classify train --resume "$tmp/d" --quiet
exits 1
says err "step-000000061.safetensors"
one_line err
echo broken >"$tmp/data/train/left/x.png"
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 2 --run "$tmp/e" $common
exits 1
says err "train/left/x.png"
run "$autodidact" classify train --data "$tmp/data" --model mlp --steps 2 --run "$tmp/f" --skip-bad --batch 16
exits 0
says err "data: 1 broken picture was left out: $tmp/data/train/left/x.png: not an image"
rm "$tmp/data/train/left/x.png"
mkdir "$tmp/data/train/empty"
run "$autodidact" classify train --data "$tmp/data" --steps 2 --run "$tmp/g" $common
exits 1
says err 'class "empty" has no picture'
rmdir "$tmp/data/train/empty"
mkdir "$tmp/one"
cp -r "$tmp/data/train/left" "$tmp/one/only"
run "$autodidact" classify train --data "$tmp/one" --steps 2 --run "$tmp/g" $common
exits 1
says err 'one: holds pictures of one class, "only"; at least two are expected'
run "$autodidact" classify train --steps 2
exits 2
says err "--data is missing"

# what became of pictures is said; names from outside are no names of members
colour() { printf 'P3 4 2 255\n9 0 0 9 0 0 0 9 0 0 9 0 9 0 0 9 0 0 0 9 0 0 9 0\n'; }
for class in event file; do
    mkdir -p "$tmp/odd/$class"
    for i in 1 2 3; do picture "$tmp/odd/$class/$i.pgm" 20$i 1$i; done
done
colour >"$tmp/odd/file/4.ppm"
echo GIF89a >"$tmp/odd/file/5.gif"
run "$autodidact" classify train --data "$tmp/odd" --model mlp --steps 2 --size 8 --val 0 --batch 4 --run "$tmp/odd-run"
exits 0
says err "odd: 6 of 7 pictures are grey and were widened to colour"
says err "odd: 1 of 7 pictures was resized to 8 x 8 (from 4 x 2 to 8 x 8, without"
says err "odd: left out: 1 file is a picture of a format that cannot be read (.gif)"
run "$autodidact" classify predict "$tmp/odd-run" "$tmp/odd" --json --top 2
exits 0
check "no member of a line is there twice" sh -c \
    "! sed 's/\"classes\":\[[^]]*\]//' '$tmp/.out' | grep -o '\"[a-z_]*\":' | sort | uniq -c | grep -v ' 7 '"
says err "odd: left out: 1 file is a picture"
run "$autodidact" classify predict "$tmp/odd-run" "$tmp/odd/file/4.ppm" "$tmp/odd/file/1.pgm"
says out "4.ppm (4 x 2, resized to 8 x 8 without keeping its proportions)"
says out "1.pgm (8 x 8, widened from grey to colour)"
run "$autodidact" classify eval "$tmp/odd-run" --data "$tmp/odd" --split train --json
exits 0
says out '"event":"class","class":"file"'
says err "6 of 7 pictures are grey"

# torchvision's resnet18, which names neither itself nor its classes
run "$autodidact" classify train --data "$tmp/odd" --model resnet18 --size 96 --steps 1 --val 0 --batch 4 --run "$tmp/large" --quiet
exits 0
mkdir "$tmp/foreign"
run "$autodidact" runs export "$tmp/large" --checkpoint 1 -o "$tmp/foreign/ours.safetensors"
exits 0
LC_ALL=C sed 's/"system":"classify"/"sistem":"classify"/' "$tmp/foreign/ours.safetensors" >"$tmp/foreign/resnet18.safetensors"
run "$autodidact" classify predict "$tmp/foreign/resnet18.safetensors" "$tmp/odd/file/4.ppm"
exits 0
says err "does not name its 2 classes; --classes FILE does"
says out "4.ppm (4 x 2, resized to a shorter side of 256, of which the centre of 224 x 224 is looked at)"
printf "{0: 'tench, Tinca tinca',\n 1: \"cock's comb\"}\n" >"$tmp/dict.txt"
printf 'n01440764 tench, Tinca tinca\r\nn01443537 goldfish\r\n' >"$tmp/synset_words.txt"
printf '\357\273\277tench\ngoldfish\n\n' >"$tmp/lines.txt"
printf '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}' >"$tmp/index.json"
printf '{"model_type": "resnet", "id2label": {"1": "goldfish", "0": "tench"}}' >"$tmp/config.json"
printf '{"tench": 0, "goldfish": 1}' >"$tmp/back.json"
printf '["tench", "goldfish"]' >"$tmp/list.json"
for file in dict.txt synset_words.txt lines.txt index.json config.json back.json list.json; do
    run "$autodidact" classify predict "$tmp/foreign/resnet18.safetensors" "$tmp/odd/file/4.ppm" --classes "$tmp/$file"
    exits 0
    says out " tench"
done
for file in synset_words.txt config.json; do
    cp "$tmp/$file" "$tmp/foreign"
    run "$autodidact" classify predict "$tmp/foreign/resnet18.safetensors" "$tmp/odd/file/4.ppm"
    exits 0
    says out "goldfish"
    says err "$file: names the classes"
    rm "$tmp/foreign/$file"
done
echo '{"num_classes": 2}' >"$tmp/foreign/config.json"
run "$autodidact" classify predict "$tmp/foreign/resnet18.safetensors" "$tmp/odd/file/4.ppm"
exits 0
says err "does not name its 2 classes"
printf 'tench\n' >"$tmp/few.txt"
printf 'a\nb\nc\n' >"$tmp/many.txt"
printf '{"0": "a", "x": "b"}' >"$tmp/strange.json"
for file in few.txt many.txt strange.json; do
    run "$autodidact" classify predict "$tmp/foreign/resnet18.safetensors" "$tmp/odd/file/4.ppm" --classes "$tmp/$file"
    exits 1
    one_line err
    says err "$file: names "
    says err "expected the names of 2 classes"
done
run "$autodidact" classify predict "$tmp/a" "$tmp/data/test/left/3.pgm" --classes "$tmp/lines.txt" --top 1
exits 0
says out "tench"
run "$autodidact" classify predict "$fixtures/optim.safetensors" "$tmp/data/test/left/3.pgm"
exits 1
says err "does not say which network it holds"
finish
