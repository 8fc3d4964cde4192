#!/bin/sh
# style_apply_any.sh - `style apply any` as a person uses it, by the embedded decoder and by one that is trained
# here for a moment.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1
printf 'P6 1 1 255\nr(2' >red.ppm

apply() { run "$autodidact" style apply "$@"; }
looked_at=96
any() { apply any photo.png "$@" --style-size $looked_at; }

any painting.png -o out.png --size 61
exits 0
silent out
one_line err
says err 'out.png: '
run "$autodidact" info out.png
says out '61 x 46'
any painting.png -o two.png --size 61 --threads 2 -q
exits 0
silent err
check 'the same bytes, whatever the threads' cmp out.png two.png
cp painting.png again.png
any painting.png again.png -o two.png --size 61 -q
exits 0
check 'a painting twice is itself' cmp out.png two.png
any painting.png red.ppm -o one.png --size 61 --style-mix 1,0 -q
exits 0
check 'a part of 0 is none' cmp out.png one.png
any red.ppm painting.png -o one.png --size 61 --style-mix 3,1 -q
exits 0
check 'a mixture is neither' sh -c '! cmp -s out.png one.png'
for option in '--transfer adain' '--strength 0.5' '--keep-color' '--mask painting.png'; do
    any painting.png -o other.png --size 61 -q $option
    exits 0
    check "$option changes the picture" sh -c '! cmp -s out.png other.png'
done
looked_at=64
any painting.png -o other.png --size 61 -q
exits 0
check 'the size of the painting changes the picture' sh -c '! cmp -s out.png other.png'
looked_at=96
any red.ppm -o flat.png --size 61 -q
exits 0
apply any red.ppm painting.png -o dot.png -q --style-size 96
exits 0
run "$autodidact" info dot.png
says out '1 x 1'
any painting.png -o out.jpg --size 61 --json
exits 0
says out '"output":"out.jpg","pictures":1'

# Folders and films.
mkdir many && cp photo.png many/a.png && cp painting.png many/b.png
apply any many painting.png -o painted --size 40 --style-size 96
exits 0
says err 'painted: 2 of 2 pictures'
check 'each has its name' [ "$(ls painted | tr '\n' ' ')" = 'a.png b.png ' ]
if has libav; then
    mkdir shots && cp photo.png shots/1.png && cp painting.png shots/2.png && cp photo.png shots/3.png
    run "$autodidact" film convert shots film.apng --fps 10 --size 44x36 -q
    exits 0
    apply any film.apng painting.png -o painted.apng --style-size 96
    exits 0
    says err 'painted.apng: 3 frames'
else
    skip 'films need libav'
fi

# A decoder of one's own.
train() { run "$autodidact" style train-any --data many --styles many "$@"; }
train --width 8 --crop 64 --batch 1 --steps 3 --run run -q --threads 1
exits 0
train --width 8 --crop 64 --batch 1 --steps 3 --run same -q --threads 2
exits 0
apply run photo.png painting.png -o run.png --size 61 -q --style-size 96
exits 0
any painting.png -o one.png --size 61 -q --weights run
exits 0
check 'the run as MODEL or as weights' cmp run.png one.png
any painting.png -o one.png --size 61 -q --weights same
exits 0
check 'the same training, whatever the threads' cmp run.png one.png
run "$autodidact" runs export run -o decoder.safetensors
exits 0
any painting.png -o one.png --size 61 -q --weights decoder.safetensors
exits 0
check 'the same as a file' cmp run.png one.png
train --width 8 --crop 64 --batch 1 --steps 2 --run stopped -q --threads 1
exits 0
sed -i 's/"steps": 2/"steps": 3/' stopped/config.json && rm stopped/result.json
run "$autodidact" runs resume stopped -q
exits 0
train --width 8 --crop 64 --batch 1 --steps 1 --init decoder.safetensors --run further -q
exits 0

# What cannot be.
wrong() { # STATUS TEXT ARGUMENT...
    status=$1 text=$2
    shift 2
    apply "$@"
    exits "$status"
    one_line err
    says err "$text"
}
wrong 2 'PICTURE is missing' any -o x.png
wrong 2 'Name a painting behind it' any photo.png -o x.png
wrong 2 '--style-mix: 1 part for 2 paintings' any photo.png painting.png red.ppm -o x.png --style-mix 1
wrong 2 'the parts add up to 0' any photo.png painting.png -o x.png --style-mix 0
wrong 2 '--style is for networks that know one style' any photo.png painting.png -o x.png --style 1
wrong 2 '--white is for networks' any photo.png painting.png -o x.png --white 1
wrong 2 '--weights: run is the network already' run photo.png painting.png -o x.png --weights decoder.safetensors
wrong 2 'is also an input' any photo.png painting.png -o painting.png
wrong 2 '--fps is for films' any photo.png painting.png -o x.png --fps 5
wrong 1 'missing.png' any photo.png missing.png -o x.png
wrong 1 'missing.pth' any photo.png painting.png -o x.png --weights missing.pth
wrong 1 'tiny_cnn.pth: is no part of a network' any photo.png painting.png -o x.png --weights "$fixtures/tiny_cnn.pth"
wrong 1 'memory' any photo.png painting.png -o x.png --size 400 --memory-limit 1M
wrong 2 'is for any painting' decoder.safetensors photo.png -o x.png --weights decoder.safetensors
wrong 1 'decoder.safetensors: is a decoder' decoder.safetensors photo.png -o x.png
run "$autodidact" convert decoder.safetensors narrow.npz
printf 'not weights' >broken.safetensors
wrong 1 'broken.safetensors' any photo.png painting.png -o x.png --weights broken.safetensors
train --width 9 --run x
exits 1
one_line err
says err 'width 9 is no multiple of 4'
train --crop 100 --run x
exits 1
says err 'is no multiple of 8'
check 'nothing was written' [ ! -e x.png ]

finish
