#!/bin/sh
# style.sh - `style make` and `style reconstruct` as a person uses them, small, and all that can go wrong.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1

# A picture, the size asked for, of the same bytes with one thread and with two.
run "$autodidact" style make photo.png painting.png -o one.png --size 96 --steps 8 --threads 1
exits 0
silent out
says err 'one.png: done after 8 steps'
run "$autodidact" info one.png
says out '96 x 72'
run "$autodidact" style make photo.png painting.png -o two.png --size 96 --steps 8 --threads 2 -q
exits 0
silent err
check 'the same bytes with two threads' cmp one.png two.png

# With bf16, where the cpu has it, as well; three threads divide the work at other places.
case $("$autodidact" version) in *bf16*)
    for threads in 1 2 3; do
        run "$autodidact" style make photo.png painting.png -o "half$threads.png" --size 160 --steps 3 --precision bf16 --threads $threads -q
        exits 0
    done
    check 'bf16 gives the same bytes with two threads' cmp half1.png half2.png
    check 'bf16 gives the same bytes with three threads' cmp half1.png half3.png ;;
esac

# Every option does something: another picture than without it.
differs() { # OPTION...
    run "$autodidact" style make photo.png painting.png -o other.png --size 96 --steps 8 -q "$@"
    exits 0
    check "$* changes the picture" sh -c '! cmp -s one.png other.png'
}
differs --optimizer adam
differs --optimizer adam --lr 2
differs --init noise
differs --init style
differs --init noise --seed 7
differs --style-weight 3e5
differs --content-weight 1e3
differs --tv-weight 100
differs --content-layer conv3_1
differs --pooling max
differs --style-layers relu1_1,relu2_1
differs --style-scale 0.5
differs --scales 3
differs --keep-color
differs --history 2

# Several paintings, blended.
run "$autodidact" style make photo.png painting.png photo.png --style-blend 1,0 -o blend.png --size 96 --steps 8 -q
exits 0
check 'a painting of weight 0 does not count' cmp one.png blend.png
run "$autodidact" style make photo.png painting.png photo.png --style-blend 1,1 -o blend.png --size 96 --steps 8 -q
exits 0
check 'a second painting counts' sh -c '! cmp -s one.png blend.png'

# Where the mask is black the photo stays: a black mask gives the photo at that size.
bmp() { # FILE PIXEL: one pixel of 24 bits
    printf 'BM:\0\0\0\0\0\0\0\066\0\0\0\050\0\0\0\1\0\0\0\1\0\0\0\1\0\030\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >"$1"
    printf "$2$2$2\0" >>"$1"
}
bmp black.bmp '\0'
bmp white.bmp '\377'
run "$autodidact" style make photo.png painting.png -o black.png --mask black.bmp --size 96 --steps 8 -q
exits 0
run "$autodidact" style make photo.png painting.png -o black2.png --mask black.bmp --size 96 --steps 3 --style-weight 1e7 -q
exits 0
check 'nothing is painted under a black mask' cmp black.png black2.png
run "$autodidact" style make photo.png painting.png -o white.png --mask white.bmp --size 96 --steps 8 -q
exits 0
check 'a white mask paints' sh -c '! cmp -s black.png white.png'

# Frames are numbered without gaps, the last is the picture; the command that makes a film of them can be copied.
run "$autodidact" style make photo.png painting.png -o 'my 50% frame.png' --size 96 --steps 8 --save-every 3
exits 0
says err "3 frames, as a film: ffmpeg -framerate 10 -i 'my 50%% frame-%05d.png'"
check 'the last frame is the picture' cmp 'my 50% frame-00003.png' 'my 50% frame.png'
check 'there are no more' test ! -e 'my 50% frame-00004.png'
run "$autodidact" info 'my 50% frame-00001.png'
says out '96 x 72'

# Or one animation.
run "$autodidact" style make photo.png painting.png -o frame.png --size 64 --steps 4 --animate frame.gif
exits 0
says err 'frame.gif: 4 frames'
check 'it is a GIF' test "$(head -c 6 frame.gif)" = GIF89a
check 'no frame has a file of its own' test ! -e frame-00001.png
run "$autodidact" style make photo.png painting.png -o frame.png --size 64 --steps 4 --animate second.gif --threads 1 -q
check 'the same animation with one thread' cmp frame.gif second.gif

run "$autodidact" style make photo.png painting.png -o frame.png --mask black.bmp --init noise --size 96 --steps 1 --save-every 1 -q
exits 0
check 'a frame shows the photo where the mask is black' cmp frame-00001.png black.png

# JSON: a line for each step, then the result.
run "$autodidact" style make photo.png painting.png -o json.png --size 64 --steps 4 --json
exits 0
says out '"event":"step","step":1,"steps":4'
says out '"event":"done","output":"json.png","end":"done","steps":4,"loss":'

# On a terminal the line says which scale is painted, and without the first step how long it takes is not known.
if command -v script >/dev/null; then
    script -qc "'$autodidact' style make photo.png painting.png -o live.png --size 96 --steps 4" /dev/null >live.txt </dev/null
    check 'the line names the scale and its size' grep -q 'scale 1/2  48 x 36  step 1/4' live.txt
    check 'and the next' grep -q 'scale 2/2  96 x 72  step 4/4' live.txt
fi

# A film: each frame begins with the one before; the frame that nothing holds to it is another.
if has libav; then
    mkdir shots && for frame in 1 2 3; do cp photo.png shots/$frame.png; done
    run "$autodidact" film convert shots film.apng --fps 10 --size 64x48 -q
    film='--size 48 --steps 8 --frame-steps 3'
    make_film() { # OUT ARGUMENT...
        to=$1
        shift
        run "$autodidact" style make film.apng painting.png -o "$to" $film "$@"
    }
    make_film made/
    exits 0
    says err 'made/: 3 frames'
    check 'every frame' [ "$(ls made | wc -l)" = 3 ]
    make_film threads/ --threads 1 -q
    make_film free/ --temporal-weight 0 -q
    make_film apart/ --frame-steps 8 --init noise -q
    exits 0
    for frame in 1 2 3; do check "frame $frame with one thread" cmp made/*$frame.png threads/*$frame.png; done
    check 'the first frame is free' cmp made/*1.png free/*1.png
    check 'the second is held' sh -c '! cmp -s made/*2.png free/*2.png'
    make_film made.apng --from 0.1 --fps 20 -q
    exits 0
    run "$autodidact" info made.apng --json
    says out '"width":48'
    says out '"frames":4'
    make_film color/ --keep-color --to 0.15 -q
    exits 0
    check 'its colours stay' sh -c '! cmp -s made/*1.png color/*1.png'
    make_film dark/ --mask black.bmp --to 0.15 -q
    make_film dark2/ --mask black.bmp --to 0.15 --style-weight 1e7 -q
    exits 0
    check 'nothing is painted under a black mask' cmp dark/*2.png dark2/*2.png
    no_film() { # TEXT ARGUMENT...
        text=$1
        shift
        make_film x.apng "$@"
        exits 2
        one_line err
        says err "$text"
    }
    no_film '--animate is for pictures, and film.apng is a film' --animate x.gif
    no_film '--save-every is for pictures' --save-every 2
    run "$autodidact" style make photo.png painting.png -o x.png --fps 5
    exits 2
    says err '--fps is for films, and photo.png is none'
    run "$autodidact" style make film.apng painting.png -o x.png
    exits 1
    one_line err
    run "$autodidact" style make film.apng painting.png -o film.apng
    exits 2
    says err 'is also an input'
else
    skip 'films need libav'
fi

# What a layer sees.
run "$autodidact" style reconstruct photo.png --from content --layer relu2_1 -o seen.png --size 64 --steps 5
exits 0
says err 'seen.png: done after 5 steps'
run "$autodidact" style reconstruct photo.png --from style -o texture.png --size 64 --steps 5
exits 0
check 'content and style are not the same' sh -c '! cmp -s seen.png texture.png'
run "$autodidact" style reconstruct photo.png --from content --layer relu2_1 -o rough.png --size 64 --steps 5 --tv-weight 0 -q
check 'smoothness counts in what a layer sees' sh -c '! cmp -s seen.png rough.png'

# How it is planned.
for stage in graph passes kernels program; do
    run "$autodidact" explain style --size 64 --stage $stage
    exits 0
    says out 'conv'
done
run "$autodidact" explain style --size 64 --stage graph --format dot
exits 0
says out 'digraph'
run "$autodidact" explain style --size 64 --stage passes --format json
exits 0
says out '"op": "conv2d"'

# What goes wrong says so in one line, before any work, and leaves what was there.
fails() { # STATUS EXPECTED WORD...
    code=$1 expected=$2
    shift 2
    run "$autodidact" "$@"
    exits "$code"
    says err "$expected"
    one_line err
    silent out
}
fails 1 'gone.jpg' style make gone.jpg painting.png -o out.png
fails 1 'no/such/out.png' style make photo.png painting.png -o no/such/out.png
fails 1 'out.gif' style make photo.png painting.png -o out.gif
fails 1 'out.png: an animation' style make photo.png painting.png -o out.jpg --animate out.png
fails 1 'no/such/out.gif' style make photo.png painting.png -o out.png --animate no/such/out.gif
fails 2 'did you mean --style-weight' style make photo.png painting.png -o out.png --styl-weight 3
fails 2 '--style-blend' style make photo.png painting.png -o out.png --style-blend 1,2,3
fails 2 'relu9_9' style make photo.png painting.png -o out.png --content-layer relu9_9
fails 2 '--backbone vgg19 needs --weights' style make photo.png painting.png -o out.png --backbone vgg19
fails 2 'both 0' style make photo.png painting.png -o out.png --style-weight 0 --content-weight 0
fails 1 'memory' style make photo.png painting.png -o out.png --memory-limit 1M
fails 1 '--size' style make photo.png painting.png -o out.png --size 60000 --memory-limit 1G
fails 1 'memory limit is 16777216' style make photo.png painting.png -o out.png --size 600 --scales 4 --memory-limit 16M
fails 2 '--output photo.png is also an input' style make photo.png painting.png -o photo.png
fails 2 '--output ./painting.png is also an input' style make photo.png painting.png -o ./painting.png
ln -s photo.png link.png
fails 2 '--output link.png is also an input' style reconstruct photo.png -o link.png
cp black.bmp mask.png
fails 2 '--output mask.png is also an input' style make photo.png painting.png -o mask.png --mask mask.png
fails 1 'has no tensor for features.0.weight [64, 3, 3, 3]' style make photo.png painting.png -o out.png --backbone vgg19 --weights "$root/zoo/backbone/compact.safetensors"
fails 1 'the first is conv0.weight [3, 3, 1, 1]' style make photo.png painting.png -o out.png --backbone vgg19 --weights "$root/zoo/backbone/compact.safetensors"
head -c 2000 photo.png >half.png
fails 1 'half.png' style make half.png painting.png -o out.png
: >empty.png
fails 1 'empty.png' style make empty.png painting.png -o out.png
printf 'not a picture' >text.jpg
fails 1 'text.jpg' style make text.jpg painting.png -o out.png
fails 1 'photo.png' style make photo.png painting.png -o out.png --weights photo.png
check 'nothing was written' test ! -e out.png

# Numbers that end during the search: the last good picture stays, and the node is named.
run "$autodidact" style make photo.png painting.png -o blown.png --size 64 --steps 40 --optimizer adam --lr 1e6 --style-weight 1e19 --content-weight 0
exits 1
says err 'is not finite'
says err 'blown.png: the last good picture, after 0 steps'
run "$autodidact" info blown.png
exits 0
# Broken weights: nothing is drawn.
head -c -9000 "$root/zoo/backbone/compact.safetensors" >nan.safetensors # 4500 numbers of conv51_aux.weight, the last tensor
i=0
while [ $i -lt 4500 ]; do printf '\377\177'; i=$((i + 1)); done >>nan.safetensors
run "$autodidact" style make photo.png painting.png -o nan.png --size 64 --steps 5 --weights nan.safetensors
exits 1
says err 'is not finite'
says err 'conv51_aux.weight'
one_line err
check 'nothing is drawn with broken weights' test ! -e nan.png

# A frame that cannot be saved ends the run, and the picture is saved all the same.
mkdir late-00001.png
run "$autodidact" style make photo.png painting.png -o late.png --size 64 --steps 4 --save-every 2
exits 1
says err 'late-00001.png'
says err 'late.png: the last good picture, after 2 steps'
run "$autodidact" info late.png
exits 0

# Ctrl-C keeps the picture and its frames.
"$autodidact" style make photo.png painting.png -o stopped.png --size 64 --steps 2000 --save-every 1 2>stopped.txt &
painter=$!
while [ ! -e stopped-00002.png ] && kill -0 $painter 2>/dev/null; do sleep 0.05; done
kill -INT $painter
wait $painter
check 'stopping by Ctrl-C is no failure' test $? -eq 0
check 'it says when it stopped' grep -q 'stopped.png: stopped after' stopped.txt
check 'and how to make a film of it' grep -q 'ffmpeg -framerate 10 -i stopped-%05d.png' stopped.txt
run "$autodidact" info stopped.png
says out '64 x 48'

# A photo through a pipe, and by another name, is the same photo.
cp photo.png photo.jfif
run "$autodidact" style make photo.jfif painting.png -o renamed.png --size 64 --steps 2 -q
exits 0
cat photo.png | "$autodidact" style make /dev/stdin painting.png -o piped.png --size 64 --steps 2 -q
check 'a pipe can be read' cmp piped.png renamed.png

# Shapes that no photo has, and names that no one gives.
{ printf 'BM\76\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0\1\0\0\0\2\0\0\0\1\0\30\0\0\0\0\0\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\377\0\0\0\377\0\0\0'; } >tall.bmp
run "$autodidact" style make tall.bmp white.bmp -o 'a name
of two lines.png' --size 128 --steps 2 --init noise
exits 0
run "$autodidact" style reconstruct white.bmp -o dot.png --size 40 --steps 2
exits 0
cp photo.png './-ü photo.png'
run "$autodidact" style make -o '-ü out.png' --size 64 --steps 2 -- '-ü photo.png' painting.png
exits 0
run "$autodidact" info -- '-ü out.png'
says out '64 x 48'
run "$autodidact" style make '-ü photo.png' painting.png -o out2.png
exits 2
says err './-ü photo.png'

finish
