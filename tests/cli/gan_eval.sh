#!/bin/sh
# gan_eval.sh: `gan eval` in the features of a classifier trained here, of the network inside and of others': its figures
# beside what `classify predict` says of the same samples, the same with any number of threads and with features that were
# kept, samples that are known by heart, and everything that is refused.
. "$(dirname "$0")/../check.sh"

mkdir -p "$tmp/data/train/left" "$tmp/data/train/right" "$tmp/large/left" "$tmp/large/right"
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 %d\n' $((9 * i)) $((15 * i)) >"$tmp/data/train/left/$i.pgm"
    printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 %d 0 0 255\n' $((7 * i)) $((11 * i)) >"$tmp/data/train/right/$i.pgm"
done
for i in 0 1 2 3; do
    printf 'P2 5 5 255\n255 %d 0 0 0 255 9 0 0 0 255 0 7 0 0 255 0 0 5 0 0 0 0 0 0\n' $i >"$tmp/large/left/$i.pgm"
    printf 'P2 5 5 255\n0 0 %d 0 255 0 9 0 0 255 0 0 7 0 255 0 1 0 0 255 0 0 0 0 9\n' $i >"$tmp/large/right/$i.pgm"
done
for kind in vanilla conditional; do
    run "$autodidact" gan train --data "$tmp/data" --kind $kind --width 16 --latent 5 --batch 8 --steps 60 --lr 2e-3 --measure 0 --run "$tmp/$kind" --quiet
    exits 0
done
run "$autodidact" classify train --data "$tmp/data" --model mlp --batch 8 --steps 30 --val 0 --run "$tmp/judge" --quiet
exits 0
run "$autodidact" classify train --data "$tmp/large" --model mlp --batch 4 --steps 2 --val 0 --run "$tmp/other" --quiet
exits 0

# ---- figures ----

result() { sed -n "s/^{\"event\":\"result\".*\"$1\":\([-0-9.e+]*\)[,}].*/\1/p" "$tmp/result"; }
figures() { grep '"event":"class"\|"event":"result"' "$tmp/.out"; }
run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 40 --seed 3 --json --threads 1
exits 0
cp "$tmp/.out" "$tmp/result"
for name in frechet kernel_distance kernel_deviation precision recall density coverage label_accuracy real_accuracy class_frechet \
    classes_apart class_ratio memorised memorised_features made real training_pictures width; do
    check "there is $name: $(result $name)" test -n "$(result $name)"
done
check "24 real pictures beside 40 made ones" test "$(result real)" = 24 -a "$(result made)" = 40
check "the classifier knows the real ones" awk "BEGIN { exit !($(result real_accuracy) > 0.9) }"
check "shares are shares" awk "BEGIN { exit !($(result precision) >= 0 && $(result precision) <= 1 && $(result recall) <= 1 && $(result coverage) <= 1) }"
check "the ratio is one" awk "BEGIN { d = $(result class_ratio) * $(result classes_apart) / $(result class_frechet) - 1; exit !(d < 1e-4 && d > -1e-4) }"
check "two classes, each with its distance" test "$(grep -c '"event":"class".*"frechet":[0-9]' "$tmp/result")" = 2
figures >"$tmp/one"
check "features are kept" test "$(ls "$XDG_CACHE_HOME/autodidact/features" | wc -l)" = 1
kept=$(echo "$XDG_CACHE_HOME"/autodidact/features/*.safetensors)
run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 40 --seed 3 --json --threads 3
figures >"$tmp/three"
check "the same with three threads, and with kept features" cmp "$tmp/one" "$tmp/three"
cp "$kept" "$tmp/good"
for bad in cut foreign; do
    case $bad in cut) head -c 700 "$tmp/good" >"$kept" ;; foreign) cp "$fixtures/weights/library.safetensors" "$kept" ;; esac
    run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 40 --seed 3 --json --threads 2
    exits 0
    says err "the features are computed anew"
    figures >"$tmp/anew"
    check "$bad: the same figures" cmp "$tmp/one" "$tmp/anew"
    check "$bad: kept anew" cmp "$kept" "$tmp/good"
done
run "$autodidact" gan sample "$tmp/conditional" -n 40 --seed 3 -o "$tmp/made/"
run "$autodidact" classify predict "$tmp/judge" "$tmp/made" --json
right=$(grep '"event":"prediction"' "$tmp/.out" | awk '{ want = NR % 2 ? "left" : "right"; n += $0 ~ "\"class\":\"" want "\"" } END { print n / NR }')
check "label accuracy is what classify predict says: $(result label_accuracy), $right" \
    awk "BEGIN { d = $(result label_accuracy) - $right; exit !(d < 0.001 && d > -0.001) }"
run "$autodidact" gan eval "$tmp/vanilla" --classifier "$tmp/judge" -n 20 --data "$tmp/data" --cache none -o "$tmp/sheet.png"
exits 0
says out "frechet"
says out "class"
says out "by pixels, than that one's own nearest neighbour is"
says_not out "label_accuracy"
check "nothing more is kept" test "$(ls "$XDG_CACHE_HOME/autodidact/features" | wc -l)" = 1
run "$autodidact" info "$tmp/sheet.png"
says out "PNG"

# ---- pictures that are known by heart: the samples themselves are the training pictures ----

run "$autodidact" gan sample "$tmp/vanilla" -n 16 -o "$tmp/heart/"
run "$autodidact" gan eval "$tmp/vanilla" --classifier "$tmp/judge" -n 16 --data "$tmp/heart" --json
cp "$tmp/.out" "$tmp/result"
check "all are found out: $(result memorised), $(result memorised_features)" test "$(result memorised)" = 1 -a "$(result memorised_features)" = 1
check "no distance is left: $(result frechet)" awk "BEGIN { exit !($(result frechet) < 1e-3) }"
check "all is covered" test "$(result coverage)" = 1 -a "$(result recall)" = 1
check "without a test split halves are compared: $(result memorised_halves)" awk "BEGIN { exit !($(result memorised_halves) >= 0 && $(result memorised_halves) < 1) }"

# ---- each picture twice: those of either half lie in the other, and their own neighbours are far ----

mkdir "$tmp/twice"
for i in "$tmp/heart/"*.png; do
    cp "$i" "$tmp/twice/$(basename "$i" .png)a.png"
    cp "$i" "$tmp/twice/$(basename "$i" .png)b.png"
done
run "$autodidact" gan eval "$tmp/vanilla" --classifier "$tmp/judge" -n 16 --data "$tmp/twice" --json
cp "$tmp/.out" "$tmp/result"
check "halves that are alike: $(result memorised_halves)" test "$(result memorised_halves)" = 1

# ---- the same of pictures that it was not trained on ----

mkdir -p "$tmp/split/test"
cp -r "$tmp/data/train" "$tmp/split/train"
cp -r "$tmp/data/train/left" "$tmp/data/train/right" "$tmp/split/test"
run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 16 --data "$tmp/split" --json
exits 0
cp "$tmp/.out" "$tmp/result"
check "the test pictures are the training pictures: $(result memorised_unseen)" test "$(result memorised_unseen)" = 1
echo broken >"$tmp/split/test/left/1.pgm"
run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 16 --data "$tmp/split" --json
exits 0
says err "samples are not compared with unseen pictures"
says_not out memorised_unseen
says out memorised_halves

# ---- other networks ----

run "$autodidact" gan eval "$tmp/vanilla" -n 16 --json --cache "$tmp/kept" --threads 2
exits 0
says err "backbone: is shown pictures resized to 64 x 64, widened to colour"
says err "frechet: 16 pictures are no more than the 512 features of backbone"
says out '"features":"backbone","layer":"relu5_1","width":512,"seen_as":[64,64,3]'
check "kept where it was told" test "$(ls "$tmp/kept" | wc -l)" = 1
run "$autodidact" gan eval "$tmp/conditional" --features backbone --layer relu3_1 --classifier "$tmp/judge" -n 16 --json --quiet
exits 0
says out '"layer":"relu3_1","width":256'
says out '"label_accuracy":'
run "$autodidact" gan eval "$tmp/vanilla" --features "$tmp/other" -n 16 --json
exits 0
says err "is shown pictures resized to 5 x 5"
run "$autodidact" gan eval "$tmp/vanilla" --features "$fixtures/onnx/picture.onnx" --pixels unit -n 16 --json
exits 0
says out 'picture.onnx","layer":"'

# ---- in the result of a training ----

run "$autodidact" gan train --data "$tmp/data" --width 16 --latent 5 --batch 8 --steps 3 --classifier "$tmp/judge" --run "$tmp/judged" --quiet --json
exits 0
tail -1 "$tmp/.out" >"$tmp/last"
check "the last line of training has them" grep -q '"frechet":[0-9]' "$tmp/last"
run "$autodidact" gan eval "$tmp/judged" --classifier "$tmp/judge" --json
check "they are those of gan eval" test "$(sed -n 's/.*"frechet":\([0-9.]\{6\}\).*/\1/p' "$tmp/last")" = "$(sed -n 's/.*"result".*"frechet":\([0-9.]\{6\}\).*/\1/p' "$tmp/.out")"
run "$autodidact" gan train --data "$tmp/data" --kind conditional --width 16 --latent 5 --batch 8 --steps 3 --run "$tmp/unjudged" --json
exits 0
says err "label_accuracy wants a --classifier"
tail -1 "$tmp/.out" >"$tmp/last"
check "without a classifier, too" grep -q '"frechet":[0-9].*"class_frechet":[0-9]' "$tmp/last"
run "$autodidact" gan train --data "$tmp/large" --width 16 --batch 8 --steps 3 --run "$tmp/few"
exits 0
says err "8 pictures: what is made is not measured beside fewer than 16"
run "$autodidact" gan train --data "$tmp/data" --width 16 --batch 8 --steps 3 --classifier "$tmp/nowhere" --run "$tmp/new" --quiet
exits 1
says err "$tmp/nowhere"

# ---- what is refused ----

refuses() { # STATUS SENTENCE OPTIONS...
    code=$1 sentence=$2
    shift 2
    run "$autodidact" gan eval "$@" --quiet
    exits "$code"
    one_line err
    says err "$sentence"
}
refuses 1 "was written by \`gan train\`, not by \`classify train\`" "$tmp/vanilla" --classifier "$tmp/conditional"
refuses 1 "was written by \`classify train\`, not by \`gan train\`" "$tmp/judge" --classifier "$tmp/judge"
refuses 1 "has no test pictures" "$tmp/vanilla" --classifier "$tmp/judge" --split test
refuses 1 "$tmp/nowhere" "$tmp/vanilla" --classifier "$tmp/judge" --data "$tmp/nowhere"
refuses 1 "$tmp/nowhere" "$tmp/vanilla" --features "$tmp/nowhere"
refuses 1 "compact has no layer relu9_1" "$tmp/vanilla" --layer relu9_1
refuses 1 "--layer relu1_1: what" "$tmp/vanilla" --features "$tmp/judge" --layer relu1_1
refuses 1 "is another program's network" "$tmp/vanilla" --classifier "$fixtures/classifiers/channels_last.onnx"
refuses 1 "k is 24" "$tmp/vanilla" --classifier "$tmp/judge" --neighbours 24
refuses 1 "sheet.txt" "$tmp/vanilla" -o "$tmp/sheet.txt"
refuses 2 "--pixels is of ONNX files" "$tmp/vanilla" --pixels unit
refuses 2 "--count" "$tmp/vanilla" --classifier "$tmp/judge" --count 3
finish
