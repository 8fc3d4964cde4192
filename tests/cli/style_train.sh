#!/bin/sh
# style_train.sh - `style train` as a person uses it, small: the run, resuming, painting with it, and all that can go wrong.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
mkdir photos photos/deep
"$examples/scene" photo photos/a.png 1 && "$examples/scene" photo photos/deep/b.png 2 && "$examples/scene" painting painting.png || exit 1
cp photos/a.png photo.png
small='--style painting.png --data photos --width 4 --blocks 1 --crop 64 --style-size 96 --batch 2 --quiet'
train() { run "$autodidact" style train "$@"; }

train $small --steps 6 --run run --threads 1
exits 0
says out 'steps                    6'
check 'what it paints is in the run' [ -n "$(ls run/samples/painted-*.png)" ]
run "$autodidact" info run/samples/"$(ls run/samples | tail -1)"
says out '266 x 134'
run "$autodidact" runs show run
exits 0
says out '2 photos, crops of 64 x 64'

# Resumed it ends in the same bytes; so it does with other threads.
train $small --steps 6 --run two --threads 2
exits 0
check 'the same with two threads' cmp run/checkpoints/best.safetensors two/checkpoints/best.safetensors
train $small --steps 3 --run cut
exits 0
sed -i 's/"steps": 3/"steps": 6/' cut/config.json
rm cut/result.json
train --resume cut --quiet
exits 0
says out 'steps                    6'

# Painting with it: the run, its checkpoint, what is exported.
run "$autodidact" style apply run photo.png -o a.png --size 60
exits 0
run "$autodidact" style apply run/checkpoints/best.safetensors photo.png -o b.png --size 60 -q
exits 0
check 'a checkpoint paints as its run' cmp a.png b.png
run "$autodidact" runs export run -o net.safetensors
exits 0
run "$autodidact" style apply net.safetensors photo.png -o c.png --size 60 -q
exits 0
check 'and so does what is exported' cmp a.png c.png
run "$autodidact" info net.safetensors
says out 'res1.conv1.conv2d.weight'

# Every option does something.
for option in '--content-weight 10' '--style-weight 10' '--tv-weight 100' '--lattice-weight 0' '--style-size 64' '--lr 0.1' '--seed 4'; do
    train $small --steps 2 --run "other$option" $option
    exits 0
    run "$autodidact" style apply "other$option" photo.png -o other.png --size 60 -q
    check "$option makes another network" sh -c '! cmp -s a.png other.png'
done

# Enlarged in another way, which the file says.
train $small --steps 6 --run bilinear --enlarge bilinear
exits 0
run "$autodidact" runs export bilinear -o bilinear.safetensors
run "$autodidact" info bilinear.safetensors
says out 'bilinear'
run "$autodidact" style apply bilinear photo.png -o smooth.png --size 60 -q
run "$autodidact" style apply bilinear.safetensors photo.png -o smooth2.png --size 60 -q
exits 0
check 'it is another network' sh -c '! cmp -s a.png smooth.png'
check 'a file paints as its run' cmp smooth.png smooth2.png

# Several styles in one network, which have the paintings' names; pairs for films.
cp photos/deep/b.png wave.png
several='--style painting.png,wave.png --data photos --width 4 --blocks 1 --crop 64 --style-size 96 --batch 2 --quiet --temporal'
train $several --steps 2 --run several
exits 0
run "$autodidact" runs show several
says out '2 photos, pairs of crops of 64 x 64'
run "$autodidact" info several/samples/"$(ls several/samples | tail -1)"
says out '266 x 200'
run "$autodidact" info several/checkpoints/best.safetensors
says out '["painting","wave"]'
check 'the flicker is logged' grep -q '"temporal":' several/metrics.jsonl
train $several --steps 2 --run several2 --threads 1
check 'the same with one thread' cmp several/checkpoints/best.safetensors several2/checkpoints/best.safetensors
train $several --steps 2 --run heavier --temporal-weight 1e8
check '--temporal-weight makes another network' sh -c '! cmp -s several/checkpoints/best.safetensors heavier/checkpoints/best.safetensors'
run "$autodidact" runs export several -o several.safetensors
exits 0
paint() { # OUT ARGUMENT...
    to=$1
    shift
    run "$autodidact" style apply several.safetensors photo.png -o "$to" --size 60 "$@"
}
paint s1.png
exits 0
says err 'has the styles painting and wave, of which the first is taken'
paint s2.png --style wave -q
exits 0
paint s3.png --style painting,wave --style-mix 3,1 -q
exits 0
paint s4.png --style-mix painting:0.75,wave:0.25 -q
exits 0
silent err
paint s5.png --style 2 -q
exits 0
check 'two styles are two' sh -c '! cmp -s s1.png s2.png'
check 'a mixture is neither' sh -c '! cmp -s s3.png s1.png && ! cmp -s s3.png s2.png'
check 'both ways to say a mixture' cmp s3.png s4.png
check 'by name and by number' cmp s2.png s5.png
run "$autodidact" style apply several photo.png -o s6.png --size 60 --style wave -q
check 'the run as what is exported' cmp s2.png s6.png
run "$autodidact" style apply run photo.png -o s7.png --size 60 --style painting -q
exits 0
check 'the name of the only style' cmp a.png s7.png
no_paint() { # TEXT ARGUMENT...
    text=$1
    shift
    paint x.png "$@" -q
    exits 2
    one_line err
    says err "$text"
}
no_paint 'has the styles painting and wave (1 to 2)' --style waves
no_paint '--style 3' --style 3
no_paint 'of which style?' --style-mix 0.5,0.5
no_paint 'is no number' --style-mix wave:much
no_paint 'is no number' --style wave --style-mix -1
no_paint '1 parts for 2 styles' --style 1,2 --style-mix 1
no_paint 'add up to 0' --style-mix wave:0

# One that starts from another.
train $several --steps 1 --run from --init several --lr 1e-20
exits 0
run "$autodidact" style apply from photo.png -o f.png --size 60 --style wave -q
check 'it is as that was' cmp s2.png f.png

# What cannot be.
wrong() { # STATUS TEXT ARGUMENT...
    status=$1 text=$2
    shift 2
    train "$@" --quiet
    exits "$status"
    says err "$text"
}
wrong 2 '--style' --data photos
wrong 2 '--data' --style painting.png
wrong 1 'no multiple of 4' --style painting.png --data photos --crop 65 --steps 1
wrong 1 'missing.png' --style missing.png --data photos --steps 1
wrong 1 'nothing' --style painting.png --data nothing --steps 1
wrong 1 'tiny_cnn.pth' --style painting.png --data photos --weights "$fixtures/tiny_cnn.pth" --steps 1
mkdir deep && cp painting.png deep
wrong 1 'would both be called painting' --style painting.png,deep/painting.png --data photos --steps 1
wrong 1 '--batch 3: is odd' --style painting.png --data photos --batch 3 --temporal --steps 1
wrong 1 'missing' --style painting.png --data photos --width 4 --blocks 1 --crop 64 --init missing --steps 1
mkdir empty
wrong 1 'empty' --style painting.png --data empty --steps 1
echo no >photos/broken.png
run "$autodidact" style train --style painting.png --data photos --width 4 --blocks 1 --crop 64 --style-size 96 --batch 2 --steps 1 --run broken
exits 0
says err '1 files cannot be read as pictures; left out'
run "$autodidact" style apply photos photo.png -o x.png
exits 1
one_line err

finish
