#!/bin/sh
# gan_project.sh: `gan project`: a sample of the network's own is found again, nearer than samples come by chance; its noise
# goes on to `gan morph`; the class is found; pictures of other sizes and colours; and everything that is refused.
. "$(dirname "$0")/../check.sh"

mkdir -p "$tmp/data/left" "$tmp/data/right"
for i in 0 1 2 3 4 5 6 7; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 %d\n' $((9 * i)) $((15 * i)) >"$tmp/data/left/$i.pgm"
    printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 %d 0 0 255\n' $((7 * i)) $((11 * i)) >"$tmp/data/right/$i.pgm"
done
for kind in vanilla conditional; do
    run "$autodidact" gan train --data "$tmp/data" --kind $kind --width 16 --latent 5 --batch 8 --steps 60 --lr 2e-3 --measure 0 --run "$tmp/$kind" --quiet
    exits 0
done
few="--tries 20 --starts 3 --steps 40"

run "$autodidact" gan sample "$tmp/vanilla" -n 2 --seed 7 -o "$tmp/own/"
run "$autodidact" gan project "$tmp/vanilla" "$tmp/own/00002.png" $few --json --threads 1 --latent "$tmp/z.npy" -o "$tmp/sheet.png"
exits 0
result() { sed -n "s/^{\"event\":\"result\".*\"$1\":\([-0-9.e+]*\)[,}].*/\1/p" "$tmp/.out"; }
check "a sample is found again: $(result pixels), by chance $(result nearest_pixels)" \
    awk "BEGIN { exit !($(result pixels) < 0.2 * $(result nearest_pixels) && $(result perceptual) < $(result nearest_perceptual)) }"
check "the sample in the middle is farther still" test "$(grep -c '"which":"sample in the middle"' "$tmp/.out")" = 1
grep '"event":"result"\|"event":"distance"' "$tmp/.out" >"$tmp/one"
cp "$tmp/z.npy" "$tmp/one.npy"
run "$autodidact" gan project "$tmp/vanilla" "$tmp/own/00002.png" $few --json --threads 3 --latent "$tmp/z.npy" -o "$tmp/sheet.png"
grep '"event":"result"\|"event":"distance"' "$tmp/.out" >"$tmp/three"
check "the same with three threads" cmp "$tmp/one" "$tmp/three"
check "and the same noise" cmp "$tmp/one.npy" "$tmp/z.npy"
run "$autodidact" info "$tmp/sheet.png"
says out "PNG"
run "$autodidact" gan morph "$tmp/vanilla" "$tmp/z.npy" 1 --frames 3 -o "$tmp/way.png"
exits 0

run "$autodidact" gan project "$tmp/conditional" "$tmp/data/right/3.pgm" $few --latent "$tmp/right.npy"
exits 0
says out "class right"
says err "$tmp/right.npy:right"
run "$autodidact" gan morph "$tmp/conditional" "$tmp/right.npy:right" 1 --frames 3 -o "$tmp/way.png"
exits 0
run "$autodidact" gan project "$tmp/conditional" "$tmp/data/right/3.pgm" $few --label left --json
exits 0
says out '"class":"left"'

# ---- pictures that are otherwise ----

run "$autodidact" gan project "$tmp/vanilla" "$fixtures/pictures/png-RGB.png" --tries 4 --starts 1 --steps 2
exits 0
says err "is in colour, and the network makes grey pictures: made grey"
says err "resized to 4 x 4"
mkdir "$tmp/colours"
for i in 0 1 2 3 4 5 6 7; do printf 'P3 2 2 255\n255 0 %d 9 9 9 0 255 0 %d 0 99\n' $i $i >"$tmp/colours/$i.ppm"; done
run "$autodidact" gan train --data "$tmp/colours" --width 8 --latent 2 --batch 4 --steps 2 --run "$tmp/colourful" --quiet
run "$autodidact" gan project "$tmp/colourful" "$tmp/data/left/1.pgm" --tries 4 --starts 1 --steps 2
exits 0
says err "is grey, and the network makes colours: widened"

# ---- what is refused ----

refuses() { # STATUS SENTENCE OPTIONS...
    code=$1 sentence=$2
    shift 2
    run "$autodidact" gan project "$@" --quiet
    exits "$code"
    one_line err
    says err "$sentence"
}
picture=$tmp/data/left/1.pgm
refuses 1 "$tmp/nowhere.png" "$tmp/vanilla" "$tmp/nowhere.png"
refuses 1 "has no classes" "$tmp/vanilla" "$picture" --label left
refuses 1 ": left, right" "$tmp/conditional" "$picture" --label middle
refuses 1 "found.txt" "$tmp/vanilla" "$picture" -o "$tmp/found.txt"
refuses 1 "found.png" "$tmp/vanilla" "$picture" --latent "$tmp/found.png"
refuses 2 "--starts 9" "$tmp/vanilla" "$picture" --starts 9 --tries 8
refuses 2 "is also an input" "$tmp/vanilla" "$picture" --latent "$picture"
refuses 2 "is also an input" "$tmp/vanilla" "$tmp/own/00001.png" -o "$tmp/own/00001.png"
run "$autodidact" gan project "$tmp/vanilla"
exits 2
finish
