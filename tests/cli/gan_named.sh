#!/bin/sh
# gan_named.sh: generators as small files and by name: `runs export --keep`, models/NAME.safetensors, the one that is
# built in, what comes first, and what is said of names that nothing goes by.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

mkdir -p data/train/left data/train/right
for i in 0 1 2 3 4 5 6 7 8 9; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 5\n' $((9 * i)) >data/train/left/$i.pgm
    printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 1 0 0 255\n' $((9 * i)) >data/train/right/$i.pgm
done
run "$autodidact" gan train --data data --kind conditional --width 16 --latent 5 --batch 8 --steps 20 --seed 3 --run run --quiet
exits 0
run "$autodidact" classify train --data data --model mlp --batch 8 --steps 20 --val 0 --run judge --quiet
exits 0

# ---- a small file ----

run "$autodidact" runs export run -o whole.safetensors
exits 0
run "$autodidact" runs export run -o maker.safetensors --keep generator.
exits 0
says err "23 of "
says err " tensors kept, as asked"
run "$autodidact" runs export run -o half.safetensors --keep generator. --dtype bf16
exits 0
run "$autodidact" info half.safetensors
says out "bf16"
says_not out "discriminator."
says_not out "train."
says out '["left","right"]'
says out "autodidact 0"
says out "kind=conditional"
says out "steps=20 "
says out "20 pictures of 4 x 4 in 2 classes"
says_not out "$tmp"
for file in run whole.safetensors maker.safetensors half.safetensors; do
    run "$autodidact" gan sample $file -n 6 -o of-${file%.*}/
    exits 0
done
check "half of the network makes the same" cmp of-run/00005.png of-maker/00005.png
check "so does all of it" cmp of-run/00005.png of-whole/00005.png
run "$autodidact" gan morph half.safetensors 1 2 -o m.png
exits 0
run "$autodidact" gan mix half.safetensors 1-2 -o x.png
exits 0
run "$autodidact" gan eval half.safetensors --data data --classifier judge -n 16
exits 0
run "$autodidact" gan eval half.safetensors --classifier judge -n 16
exits 2
says err "--data is missing"
run "$autodidact" runs export run -o new.safetensors --keep generator.,painter.
exits 1
one_line err
says err 'no tensor'"'"'s name begins with "painter."; the first is '
run "$autodidact" runs export run -o other.safetensors --keep discriminator.
exits 0
run "$autodidact" gan sample other.safetensors -o new.png
exits 1
one_line err
says err "generator."

# ---- by its name ----

mkdir models && cp half.safetensors models/bars.safetensors
run "$autodidact" gan sample bars --label left -n 3 -o named/
exits 0
run "$autodidact" gan sample half.safetensors --label left -n 3 -o by-path/
check "the name is that file" cmp named/00003.png by-path/00003.png
run "$autodidact" gan sample digits --label 7 -n 2 -o sevens/
exits 0
silent out
run "$autodidact" info sevens/00002.png
says out "28 x 28"
run "$autodidact" gan sample digits -o sheet.png --numbered
exits 0
says err "80 pictures" # 8 of each
run "$autodidact" gan morph digits 1:4 1:9 --frames 4 -o m.gif
exits 0
run "$autodidact" gan mix digits 3-1+2 -o x.png
exits 0
run "$autodidact" gan sample digits --label left -o new.png
exits 1
says err "none of the classes of digits: 0, 1, 2"
cp half.safetensors models/digits.safetensors
run "$autodidact" gan sample digits --label left -n 1 -o ours/
exits 0
says err "digits: is models/digits.safetensors here, and not what is built in by this name"
cp -r run digits
run "$autodidact" gan sample digits --label left -n 1 -o run-first/
says err "digits: is what lies here, and not what is built in by this name"
run "$autodidact" gan sample run --label left -n 1 -o left/
check "the run that is called so comes first" cmp run-first/00001.png left/00001.png
rm -r digits models/digits.safetensors
refuses() { # SENTENCE NAME
    run "$autodidact" gan sample "$2" -o new.png
    exits 1
    one_line err
    says err "$1"
}
refuses "digts: is no run and no file, there is no models/digts.safetensors, and built in is only digits; did you mean digits?" digts
refuses "faces: is no run and no file, there is no models/faces.safetensors, and built in is only digits" faces
refuses "faces/: cannot open" faces/
refuses "nothing.safetensors: cannot open" nothing.safetensors
"$autodidact" runs export judge -o models/judge2.safetensors -q
refuses "models/judge2.safetensors: was written by \`classify train\`, not by \`gan train\`" judge2
run "$autodidact" classify predict judge2 data/train/left/1.pgm
exits 0
check "nothing was written" test ! -e new.png -a ! -e new.safetensors
finish
