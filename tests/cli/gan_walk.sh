#!/bin/sh
# gan_walk.sh: `gan morph` and `gan mix`: ways between samples and saved noise as sheets and films, formulas, and
# everything in them that can be wrong.
. "$(dirname "$0")/../check.sh"

mkdir -p "$tmp/data/left" "$tmp/data/right"
for i in 0 1 2 3 4 5 6 7; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 5\n' $i >"$tmp/data/left/$i.pgm"
    printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 1 0 0 255\n' $i >"$tmp/data/right/$i.pgm"
done
for kind in vanilla conditional; do
    run "$autodidact" gan train --data "$tmp/data" --kind $kind --width 16 --latent 5 --batch 8 --steps 20 --measure 0 --run "$tmp/$kind" --quiet
    exits 0
done

# ---- ways ----

run "$autodidact" gan morph "$tmp/vanilla" 1 2 3 -o "$tmp/ways.png" --frames 5
exits 0
says err "2 ways of 5 pictures"
run "$autodidact" info "$tmp/ways.png"
says out "292 x 118" # 5 pictures of 56 and gaps of 2, twice
run "$autodidact" gan morph "$tmp/vanilla" 1 2 3 -o "$tmp/loop.png" --frames 5 --loop
says err "3 ways of 5 pictures"
run "$autodidact" gan morph "$tmp/vanilla" 1 2 -o "$tmp/line.png" --frames 5 --path lerp
exits 0
run "$autodidact" gan morph "$tmp/vanilla" 1 2 -o "$tmp/arc.png" --frames 5
check "an arc is not a line" sh -c "! cmp -s '$tmp/line.png' '$tmp/arc.png'"
run "$autodidact" gan morph "$tmp/vanilla" 1 1 -o "$tmp/stay.png" --frames 2
exits 0
run "$autodidact" gan morph "$tmp/vanilla" 1 2 3 -o "$tmp/way.gif" --frames 4
exits 0
says err "7 frames" # each end once
run "$autodidact" gan morph "$tmp/vanilla" 1 2 3 -o "$tmp/loop.gif" --frames 4 --loop
says err "9 frames"
run "$autodidact" gan morph "$tmp/conditional" 1:left 2:left 1:right 2:right --grid --frames 3 -o "$tmp/grid.png"
exits 0
says err "3 x 3 pictures"
run "$autodidact" gan morph "$tmp/conditional" 1:left 2:left --frames 3 -o "$tmp/top.png"
run "$autodidact" info "$tmp/grid.png"
says out "176 x 176"
run "$autodidact" gan sample "$tmp/vanilla" -n 3 --latents "$tmp/three.npy" -o "$tmp/three.png"
run "$autodidact" gan morph "$tmp/vanilla" "$tmp/three.npy@2" 1 -o "$tmp/from-row.png" --frames 5
exits 0
run "$autodidact" gan morph "$tmp/vanilla" 2 1 -o "$tmp/from-two.png" --frames 5
check "a saved row is that sample" cmp "$tmp/from-row.png" "$tmp/from-two.png"
run "$autodidact" gan morph "$tmp/conditional" 1:left 1:right -o "$tmp/classes.png"
exits 0
run "$autodidact" gan morph "$tmp/conditional" 1 2 --label left -o "$tmp/label.png"
exits 0
check "the class is looked at" sh -c "! cmp -s '$tmp/classes.png' '$tmp/label.png'"

# ---- formulas, and their noise ----

run "$autodidact" gan mix "$tmp/vanilla" "3, 7,9 - 1,2 + 4" -o "$tmp/mix.png" --latent "$tmp/z.npy"
exits 0
says err "3 parts and their sum"
run "$autodidact" info "$tmp/mix.png"
says out "244 x 312" # 4 columns; 3 samples and their mean, with numbers
run "$autodidact" gan mix "$tmp/vanilla" "2" -o "$tmp/two.png" --latent "$tmp/two.npy"
run "$autodidact" gan morph "$tmp/vanilla" "$tmp/two.npy" 1 -o "$tmp/from-file.png" --frames 5
exits 0
run "$autodidact" gan morph "$tmp/vanilla" 2 1 -o "$tmp/from-number.png" --frames 5
check "a part of one sample is that sample" cmp "$tmp/from-file.png" "$tmp/from-number.png"
run "$autodidact" gan morph "$tmp/conditional" "$tmp/z.npy:right" 1 -o "$tmp/file-class.png"
exits 0
run "$autodidact" gan mix "$tmp/conditional" "2-1" --label right -o "$tmp/minus.png"
exits 0

# ---- what is refused ----

usage() { # SENTENCE FORMULA
    run "$autodidact" gan mix "$tmp/vanilla" "$2" -o "$tmp/new.png"
    exits 2
    one_line err
    says err "$1"
}
usage "expected a sample's number, from 1 on, at \",9\" (character 5)" "3,7,,9"
usage "expected a sample's number, from 1 on, at the end (character 1)" ""
usage "expected a sample's number, from 1 on, at the end (character 4)" "3 -"
usage "expected a comma, + or -, at \"4\" (character 3)" "3 4"
usage "expected a sample's number, from 1 on, at \"0\" (character 1)" "0"
usage "expected a sample's number, from 1 on, at \"99999999999999999999\" (character 1)" 99999999999999999999
usage "16 parts at most" "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1"
refuses() { # SENTENCE POINTS...
    sentence=$1
    shift
    run "$autodidact" gan morph "$@" -o "$tmp/new.png"
    exits 1
    one_line err
    says err "$sentence"
}
refuses "99999999999: samples are numbered from 1 to 1000000000" "$tmp/vanilla" 1 99999999999
refuses "0: samples are numbered from 1" "$tmp/conditional" 0:left 1
for verb in "morph $tmp/vanilla 1 2" "mix $tmp/vanilla 1-2"; do
    for seed in -1 1e300 99999999999999999; do
        run "$autodidact" gan $verb --seed $seed -o "$tmp/new.png"
        exits 2
        says err "--seed: \"$seed\" is not a whole number from 0 to 9e+15"
    done
done
refuses "nowhere: cannot open" "$tmp/vanilla" nowhere 1
refuses "2:top top: is none of the classes of" "$tmp/conditional" 1 2:top
refuses "has no classes" "$tmp/vanilla" 1 2 --label left
refuses "of which class? $tmp/z.npy:CLASS, or --label, says it" "$tmp/conditional" "$tmp/z.npy" 1
refuses "three.npy: holds the noise of 3 pictures: $tmp/three.npy@1 is the first" "$tmp/vanilla" "$tmp/three.npy" 1
refuses "three.npy@4: the file holds the noise of 3" "$tmp/vanilla" 1 "$tmp/three.npy@4"
run "$autodidact" gan train --data "$tmp/data" --width 16 --latent 6 --batch 8 --steps 2 --run "$tmp/longer" --quiet
refuses "three.npy: holds 5 numbers a picture, and the network makes a picture of 6" "$tmp/longer" "$tmp/three.npy" 1
refuses "z.npy: holds 5 numbers, and the network makes a picture of 6" "$tmp/longer" "$tmp/z.npy" 1
for wrong in "1" "1 2 3 --grid" "1 2 3 4 --grid --loop" "1 2 --fps 3" "1 2 --most 1M"; do
    run "$autodidact" gan morph "$tmp/vanilla" $wrong -o "$tmp/new.png"
    exits 2
    one_line err
done
run "$autodidact" gan morph "$tmp/vanilla" 1 2 3 4 --grid -o "$tmp/new.gif"
exits 2
run "$autodidact" gan morph "$tmp/vanilla" 1 2 -o "$tmp/new.txt"
exits 1
run "$autodidact" gan morph "$tmp/vanilla" "$tmp/z.npy" 2 -o "$tmp/z.npy"
exits 2
says err "is also an input"
check "nothing was written" test ! -e "$tmp/new.png" -a ! -e "$tmp/new.txt" -a ! -e "$tmp/new.gif"
finish
