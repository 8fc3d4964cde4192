#!/bin/sh
# dream.sh - `dream make` and `dream layers` as a person uses them, small, and all that can go wrong.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1
dream() { run "$autodidact" dream make "$@"; }
small='--size 96 --steps 3 --levels 2'

# A picture, the size asked for, of the same bytes with one thread and with two.
dream photo.png -o one.png $small --threads 1
exits 0
silent out
says err 'one.png: done, objective '
run "$autodidact" info one.png
says out '96 x 72'
dream photo.png -o two.png $small --threads 2 -q
exits 0
silent err
check 'the same bytes with two threads' cmp one.png two.png
dream photo.png -o json.png $small --json
exits 0
says out '"end":"done"'
says out '"objective":'

# Every option does something: another picture than without it.
differs() { # OPTION...
    dream photo.png -o other.png $small -q "$@"
    exits 0
    check "$* changes the picture" sh -c '! cmp -s one.png other.png'
}
differs --layer relu3_1
differs --layer relu3_1,relu4_1 --layer-weights 1,0.1
differs --layer relu4_1 --channel 7
differs --guide painting.png
differs --mask painting.png
differs --noise
differs --noise --seed 3
differs --whole
differs --steps 4
differs --levels 1
differs --ratio 2.5
differs --lr 0.2
differs --shift 0
differs --smoothing 2
differs --seed 5
differs --pooling max

# Nothing is needed but a size; a channel of its own.
dream --noise -o noise.png --layer relu3_1 --channel 3 --size 64 --steps 2 --levels 1 -q
exits 0
run "$autodidact" info noise.png
says out '64 x 64'

# In tiles it needs less memory.
dream photo.png -o large.png --size 400 --steps 1 --levels 1 --layer relu3_1 --memory-limit 12M
exits 1
one_line err
dream photo.png -o large.png --size 400 --steps 1 --levels 1 --layer relu3_1 --memory-limit 12M --tile 160 -q
exits 0
silent err

# A film.
dream photo.png -o film.gif --size 64 --steps 1 --levels 1 --zoom 2 --rotate 90 --seconds 0.4 --fps 10
exits 0
says err 'film.gif: done, 4 frames'
check 'is a GIF' [ "$(head -c 6 film.gif)" = GIF89a ]
dream photo.png -o still.gif --size 64 --steps 1 --levels 1 --seconds 0.4
exits 2
says err '--seconds is for films: of a film, or with --zoom or --rotate'

# The frames of a film: each keeps some of the dream before.
if has libav; then
    mkdir shots && cp photo.png shots/1.png && cp photo.png shots/2.png
    run "$autodidact" film convert shots in.apng --fps 10 --size 96x72 -q
    exits 0
    dream in.apng -o out.apng $small
    exits 0
    says err 'out.apng: 2 frames'
    dream in.apng -o apart/ $small --blend 1 --shift 0 -q
    exits 0
    check 'the same frame dreams the same, alone' cmp apart/*1.png apart/*2.png
    dream in.apng -o blended/ $small --blend 0.5 --shift 0 -q
    exits 0
    check 'or on, with the dream before' sh -c '! cmp -s blended/*1.png blended/*2.png'
    # The dream before moves with the film, or stays where it was.
    mkdir moving
    for n in 0 1; do
        awk -v X=$((4 * n)) 'BEGIN { print "P2 96 72 255"
            for (y = 0; y < 72; ++y) for (x = 0; x < 96; ++x) print int(128 + 50 * sin((x + X) / 3.1 + y / 9) + 40 * sin(y / 4.3 - (x + X) / 11)) }' \
            >moving/$n.pgm
    done
    run "$autodidact" film convert moving moving.apng --fps 10 -q
    dream moving.apng -o along/ $small --blend 0.5 --shift 0 -q
    exits 0
    dream moving.apng -o along-one/ $small --blend 0.5 --shift 0 -q --threads 1
    dream moving.apng -o in-place/ $small --blend 0.5 --shift 0 -q --in-place
    exits 0
    check 'the first frame is its own' cmp along/00001.png in-place/00001.png
    check 'the second has the dream before, moved' sh -c '! cmp -s along/00002.png in-place/00002.png'
    check 'the same film with any number of threads' cmp along/00002.png along-one/00002.png
    flicker() { "$autodidact" film flicker "$1" moving -q | awk '$1 == "painted" && NF == 2 { print $2 * 1e6 }'; }
    check 'and flickers less for it' test "$(flicker along)" -lt "$(flicker in-place)"
    dream in.apng -o out.apng $small --noise
    exits 2
    says err '--noise is for pictures'
    dream in.apng -o out.apng $small --seconds 2
    exits 2
    says err 'a film has --from and --to'
    mkdir masks && for frame in 1 2 3; do printf 'P6 1 1 255\n\0\0\0' >masks/$frame.ppm; done
    dream in.apng -o dark/ --size 64 --steps 1 --levels 1 --blend 1 --mask masks -q
    exits 0
    dream in.apng -o dark2/ --size 64 --steps 3 --levels 1 --blend 1 --mask masks -q
    exits 0
    for frame in $(ls dark); do check "nothing is dreamt under black masks: $frame" cmp dark/$frame dark2/$frame; done
else
    skip 'films need libav'
fi

# A network as an ONNX file: its values are the layers.
if has protobuf-c; then
    cp "$fixtures/onnx/picture.onnx" "$fixtures/onnx/styles.onnx" .
    dream photo.png -o onnx.png $small --weights picture.onnx --layer turned
    exits 0
    says err 'onnx.png: done, objective '
    dream photo.png -o usual.png $small --weights picture.onnx -q
    exits 0
    check 'it has one layer' cmp onnx.png usual.png
    dream photo.png -o red.png $small --weights picture.onnx --layer turned --channel 0 -q
    exits 0
    check 'a channel of it is another dream' sh -c '! cmp -s onnx.png red.png'
    run "$autodidact" dream layers -o sheet.png --weights picture.onnx --size 32 --steps 1 --levels 1
    exits 0
    says err 'sheet.png: 1 of 1 pictures'
    dream photo.png -o x.png $small --weights picture.onnx --layer nonsense
    exits 1
    says err 'no value or node "nonsense"'
    dream photo.png -o x.png $small --weights styles.onnx
    exits 1
    says err 'is no network that looks at a picture'
    dream photo.png -o x.png $small --weights picture.onnx --pooling max
    exits 2
    says err 'is a network of its own'
    dream photo.png -o x.png $small --weights picture.onnx --channel 3
    exits 2
    says err 'has channels 0 to 2'
    run "$autodidact" style make photo.png painting.png -o x.png --weights picture.onnx
    exits 1
    says err 'style looks through vgg16, vgg19 or compact'
    check 'nothing else was written' [ ! -e x.png ]
else
    skip 'ONNX files need protobuf-c'
fi

# Small sides are said.
dream photo.png -o tiny.png --size 40 --steps 1
exits 0
says err 'sizes are left out: they would be below 32 pixels'

# What each layer dreams of.
run "$autodidact" dream layers -o layers.png --size 32 --steps 1 --levels 1
exits 0
says err 'layers.png: 30 of 30 pictures'
run "$autodidact" dream layers -o channels.png --layer relu3_1 --channels 5 --size 32 --steps 1 --levels 1
exits 0
says err 'channels.png: 5 of 5 pictures'

# Refused before the work, in one line.
wrong() { # STATUS TEXT ARGUMENT...
    status=$1 text=$2
    shift 2
    dream "$@"
    exits "$status"
    one_line err
    says err "$text"
}
wrong 2 'which IMAGE?' -o out.png
wrong 2 'compact has no layer relu9_1 (did you mean relu1_1?); it has conv1_1, relu1_1' photo.png -o out.png --layer relu9_1
wrong 2 'relu3_1 is there twice' photo.png -o out.png --layer relu3_1,relu3_1
wrong 2 '2 weights for 1 layer' photo.png -o out.png --layer relu3_1 --layer-weights 1,2
wrong 2 'relu3_1 of compact has channels 0 to 255' photo.png -o out.png --layer relu3_1 --channel 256
wrong 2 'is of one layer' photo.png -o out.png --layer relu3_1,relu4_1 --channel 1
wrong 2 'exclude each other' photo.png -o out.png --layer relu3_1 --channel 1 --guide painting.png
wrong 2 'is also an input' photo.png -o photo.png
wrong 2 'is also an input' photo.png -o painting.png --guide painting.png
wrong 1 'missing.png' missing.png -o out.png
wrong 1 'nowhere' photo.png -o nowhere/out.png
wrong 1 'out.txt' photo.png -o out.txt --zoom 2
wrong 2 '--blend is of a film that is read' photo.png -o out.gif --zoom 2 --blend 0.5
wrong 2 '--in-place is for films' photo.png -o out.png --in-place
wrong 1 "pixels around it, so tiles are 336 or more" photo.png -o out.png --size 600 --tile 64 --steps 1 --levels 1
wrong 2 'backbone vgg19 needs --weights' photo.png -o out.png --backbone vgg19
printf 'P6 1 1 255\nabc' >dot.ppm
dream dot.ppm -o dot.png --steps 1
exits 0
check 'nothing else was written' [ ! -e out.png ]
run "$autodidact" dream layers -o layers.png --channels 5
exits 2
says err 'is of one layer'

finish
