#!/bin/sh
# style_apply.sh - `style apply` as a person uses it, with a network of TensorFlow's form made here, and archives
# of variables that are broken.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1

# Variables of the sizes that Engstrom's network has; bytes of $1 each, which are small numbers.
variable() { # INDEX SHAPE COUNT
    name=Variable$([ "$1" = 0 ] || echo "_$1")
    yes "$filling" | tr -d '\n' | head -c $((4 * $3)) >"net/$name"
    printf '%s"%s": {"filename": "%s", "shape": [%s]}' "$comma" "$name" "$name" "$2" >>net/manifest.json
    comma=', '
}
conv() { # SHAPE COUNT CHANNELS
    filling=';;;<' # about 0.01 as f32
    variable $index "$1" "$2"
    filling='aaa?' # about 0.9
    variable $((index + 1)) "$3" "$3"
    variable $((index + 2)) "$3" "$3"
    index=$((index + 3))
}
mkdir net
comma= index=0
printf '{' >net/manifest.json
conv '9, 9, 3, 32' 7776 32
conv '3, 3, 32, 64' 18432 64
conv '3, 3, 64, 128' 73728 128
for block in 1 2 3 4 5 6 7 8 9 10; do conv '3, 3, 128, 128' 147456 128; done
conv '3, 3, 64, 128' 73728 64
conv '3, 3, 32, 64' 18432 32
conv '9, 9, 32, 3' 7776 3
printf '}' >>net/manifest.json
tar cf net.tar net && gzip -k net.tar

run "$autodidact" info net.tar
exits 0
says out 'archive of variables, 48 tensors'
says out 'Variable_47'
run "$autodidact" convert net.tar.gz net.safetensors
exits 0
silent out

apply() { run "$autodidact" style apply "$@"; }
apply net.tar photo.png -o out.png --size 61
exits 0
silent out
says err 'out.png: '
run "$autodidact" info out.png
says out '61 x 46'
apply net.tar.gz photo.png -o two.png --size 61 --threads 2 -q
exits 0
silent err
check 'the same bytes, compressed or not, whatever the threads' cmp out.png two.png
apply net.safetensors photo.png -o three.png --size 61 -q
exits 0
check 'the same bytes converted' cmp out.png three.png
for option in '--strength 0.5' '--keep-color' '--mask painting.png'; do
    apply net.tar photo.png -o other.png --size 61 -q $option
    exits 0
    check "$option changes the picture" sh -c '! cmp -s out.png other.png'
done
apply net.tar photo.png -o same.png --size 61 --strength 0 -q
exits 0

# Several, and a folder.
mkdir many && cp photo.png many/a.png && cp painting.png many/b.png && printf 'P6 1 1 255\nabc' >many/dot.ppm
apply net.tar many -o painted --size 40
exits 0
says err 'painted: 3 of 3 pictures'
check 'each has its name' [ "$(ls painted | tr '\n' ' ')" = 'a.png b.png dot.png ' ]
run "$autodidact" info painted/dot.png
says out '40 x 40'
apply net.tar many -o painted --size 40
exits 1
one_line err
says err 'painted/a.png: is there already'
apply net.tar photo.png painting.png -o deep/folder --size 40 -q
exits 0
check 'a folder in a folder is made' [ -s deep/folder/painting.png ]

# A film, as a film and frame by frame the pictures that they would be.
if has libav; then
    mkdir shots && cp photo.png shots/1.png && cp painting.png shots/2.png && cp photo.png shots/3.png
    run "$autodidact" film convert shots film.apng --fps 10 --size 44x36 -q
    exits 0
    apply net.tar film.apng -o painted.apng
    exits 0
    says err 'painted.apng: 3 frames'
    run "$autodidact" info painted.apng --json
    says out '"frames":3'
    says out '"width":44'
    apply net.tar film.apng -o frames/ -q
    exits 0
    silent err
    check 'numbered pictures' [ "$(ls frames | wc -l)" = 3 ]
    apply net.tar film.apng -o painted.mp4 --from 0.1 --fps 20 --crf 30 -q
    exits 0
    check 'a part of it' [ -s painted.mp4 ]
    # Two frames that differ in their light: --steady keeps of the first what can be followed.
    apply net.tar photo.png -o light.png --strength 0.1 -q
    mkdir pair && cp photo.png pair/1.png && cp light.png pair/2.png
    run "$autodidact" film convert pair pair.apng --fps 10 --size 88x72 -q
    apply net.tar pair.apng -o alone/ -q
    apply net.tar pair.apng -o steady/ --steady 0.6 -q
    exits 0
    silent err
    check 'the first frame as it was' cmp alone/00001.png steady/00001.png
    flicker() { "$autodidact" film flicker "$1" pair.apng -q | awk '$1 == "painted" && NF == 2 { print $2 * 1e6 }'; }
    check 'the second nearer to it' test "$(flicker steady)" -lt "$(flicker alone)"

    # Masks that go with it frame by frame: black, white, black.
    run "$autodidact" film convert film.apng plain/ -q
    exits 0
    mkdir masks
    for frame in 1 3; do printf 'P6 1 1 255\n\0\0\0' >masks/$frame.ppm; done
    printf 'P6 1 1 255\n\377\377\377' >masks/2.ppm
    same() { # FOLDER FRAME: whether that frame is as it was
        cmp -s plain/"$(ls plain | sed -n "$2p")" "$1/$(ls "$1" | sed -n "$2p")"
    }
    apply net.tar film.apng -o masked/ --mask masks
    exits 0
    says err 'masks: 1 x 1, stretched to 44 x 36'
    check 'what a black mask hides stays' same masked 1
    check 'what a white one shows is painted' sh -c '! cmp -s plain/*2.png masked/*2.png'
    check 'and the third stays' same masked 3
    run "$autodidact" film convert masks masks.apng --fps 10 -q
    exits 0
    apply net.tar film.apng -o masked2/ --mask masks.apng -q
    exits 0
    for frame in 1 2 3; do
        check "a film of masks: frame $frame" cmp masked/*"$frame.png" masked2/*"$frame.png"
    done
    apply net.tar film.apng -o masked3/ --mask masks --from 0.1 -q
    exits 0
    check 'masks begin where the film does' cmp masked/*2.png "masked3/$(ls masked3 | head -1)"
    rm masks/3.ppm
    apply net.tar film.apng -o masked4/ --mask masks
    exits 0
    says err 'masks: ends behind mask 2, before the film does; the last stays'
    apply net.tar film.apng -o masked5/ --mask masks.apng --fps 10 --to 0.15
    exits 0
    mkdir shots2 && cp shots/1.png shots/2.png shots2
    run "$autodidact" film convert shots2 short.apng --fps 10 --size 44x36 -q
    apply net.tar short.apng -o masked6/ --mask masks.apng
    exits 0
    says err 'masks.apng: has more masks than the film has frames'
    apply net.tar photo.png -o x.png --mask masks.apng -q
    exits 2
    says err '--mask masks.apng: is for a film, and the input is none'
    apply net.tar film.apng -o x.apng --mask gone -q
    exits 1
    one_line err
    says err 'gone'
else
    skip 'films need libav'
fi

# Styles that are built in, by their names; a file of such a name goes before.
apply great_wave photo.png -o g.png --size 60
exits 0
apply starry_night photo.png -o n.png --size 60 -q
exits 0
check 'two styles' sh -c '! cmp -s g.png n.png'
apply great_wave photo.png -o n2.png --size 60 --style starry_night -q
exits 0
check 'one network holds both' cmp n.png n2.png
apply great_wave photo.png -o n3.png --size 60 --style-mix starry_night:1,great_wave:1 -q
exits 0
check 'and what is between them' sh -c '! cmp -s n3.png n.png && ! cmp -s n3.png g.png'
cp net.tar great_wave
apply great_wave photo.png -o f.png --size 61 -q
exits 0
check 'a file of that name' cmp f.png out.png
rm great_wave

# A sheet of every style.
apply great_wave photo.png -o sheet.png --size 60 --sheet --json
exits 0
check 'both styles are on it' grep -q '"styles":2' .out
apply great_wave photo.png -o sheet2.png --size 60 --sheet --threads 1 -q
check 'with any number of threads' cmp sheet.png sheet2.png

# ONNX files: one picture to one, or several styles.
if has protobuf-c; then
    cp "$fixtures/onnx/picture.onnx" "$fixtures/onnx/styles.onnx" .
    apply picture.onnx photo.png -o turned.png --size 40 --white 1
    exits 0
    run "$autodidact" onnx run picture.onnx photo.png -o turned.npy
    exits 0
    apply picture.onnx photo.png -o x.png --size 40
    exits 0
    says err 'white is 255; --white says otherwise'
    check 'white matters' sh -c '! cmp -s x.png turned.png'
    rm x.png
    apply styles.onnx photo.png -o s.png --size 40
    exits 0
    says err 'white is 1; --white'
    says err 'has 3 styles, of which the first is taken'
    apply styles.onnx photo.png -o s1.png --size 40 --style 1 --white 1 -q
    exits 0
    check 'the first' cmp s.png s1.png
    apply styles.onnx photo.png -o s2.png --size 40 --style 2 -q
    exits 0
    apply styles.onnx photo.png -o mix.png --size 40 --style 1,2 --style-mix 3,1 -q
    exits 0
    for other in s1 s2; do check "a mixture is not $other" sh -c "! cmp -s mix.png $other.png"; done
    apply styles.onnx photo.png -o same.png --size 40 --style 1,1 -q
    exits 0
    check 'one style twice is itself' cmp s1.png same.png
else
    skip 'ONNX files need protobuf-c'
fi

# Through pipes: a picture in and out, a film in.
run sh -c '"$0" style apply net.tar - --size 61 -o - <photo.png >piped.png' "$autodidact"
exits 0
says err 'standard output: '
check 'the same bytes through pipes' cmp out.png piped.png
if has libav; then
    run sh -c '"$0" style apply net.tar - -o piped.apng <film.apng' "$autodidact"
    exits 0
    says err 'piped.apng: 3 frames'
    says err ' frames a second'
    check 'the film through a pipe' cmp painted.apng piped.apng
fi

# In bands where memory does not hold it at once: what it is at once, but for rounding.
"$autodidact" style apply net.tar photo.png -o large.png --size 320 -q
run "$autodidact" style apply net.tar photo.png -o bands.png --size 320 --memory-limit 12M
exits 0
says err 'photo.png: was painted in bands'
run "$autodidact" info bands.png
says out '320 x 240'

# What cannot be.
wrong() { # STATUS TEXT ARGUMENT...
    status=$1 text=$2
    shift 2
    apply "$@"
    exits "$status"
    one_line err
    says err "$text"
}
wrong 2 'PICTURE is missing' net.tar -o x.png
wrong 2 'net.tar is no network of several styles' net.tar photo.png -o x.png --sheet
wrong 2 'a sheet has every style' starry_night photo.png -o x.png --sheet --style 1
wrong 2 'is of one picture' starry_night photo.png painting.png -o x.png --sheet
wrong 1 'photo.png' starry_night photo.png -o photo.png --sheet
wrong 2 'one picture is written to standard output' net.tar photo.png painting.png -o -
wrong 2 '--output - and --json would both be standard output' net.tar photo.png -o - --json
if [ -e /dev/full ]; then
    run sh -c '"$0" style apply net.tar photo.png --size 61 -o - -q >/dev/full' "$autodidact"
    exits 1
    one_line err
    says err 'standard output could not be written'
fi
wrong 2 '--fps is for films, and photo.png is none' net.tar photo.png -o x.png --fps 5
wrong 2 '--steady is for films, and photo.png is none' net.tar photo.png -o x.png --steady 0.5
wrong 2 'is also an input' net.tar photo.png -o photo.png
wrong 1 'a picture is written as' net.tar photo.png -o net.tar
wrong 1 'missing.png' net.tar missing.png -o x.png
wrong 1 'starry_nigh: is no run and no file, there is no models/starry_nigh.safetensors, and built in are starry_night and great_wave; did you mean starry_night?' starry_nigh photo.png -o x.png
wrong 1 'missing.pth' missing.pth photo.png -o x.png
wrong 1 'tiny_cnn.pth: is no network of a style' "$fixtures/tiny_cnn.pth" photo.png -o x.png
wrong 2 'has one style' net.tar photo.png -o x.png --style 1
wrong 2 '--white is for ONNX files' net.tar photo.png -o x.png --white 1
if has protobuf-c; then
    wrong 2 'has styles 1 to 3' styles.onnx photo.png -o x.png --style 4 -q
    wrong 2 '--style 1.5' styles.onnx photo.png -o x.png --style 1.5 -q
    wrong 2 '1 parts for 2 styles' styles.onnx photo.png -o x.png --style 1,2 --style-mix 1 -q
    wrong 2 'add up to 0' styles.onnx photo.png -o x.png --style 1 --style-mix 0 -q
    wrong 1 'is no network from a picture to a picture' "$fixtures/onnx/gemm_9.onnx" photo.png -o x.png -q
fi
wrong 1 'is no folder, and several pictures want one' net.tar photo.png painting.png -o out.png
mkdir again && mkdir again/deep && cp photo.png again/a.png && cp photo.png again/deep/a.png
wrong 1 'would both become' net.tar again -o x
wrong 1 'memory' net.tar photo.png -o x.png --size 200 --memory-limit 1M
broken() { # TEXT: net/ as it is now
    tar cf broken.tar net
    wrong 1 "$1" broken.tar photo.png -o x.png
}
cp net/Variable_3 kept
head -c 100 kept >net/Variable_3
broken 'tensor Variable_3: Variable_3 has 100 bytes, expected 73728'
rm net/Variable_3
broken 'tensor Variable_3: the archive has no file Variable_3'
yes "$(printf '\377\377\377\177')" | tr -d '\n' | head -c 73728 >net/Variable_3
broken 'Variable_3: element 0 is not finite'
cp kept net/Variable_3
cp net/manifest.json manifest
printf '{"Variable": {"filename": "Variable"}}' >net/manifest.json
broken 'tensor Variable: the manifest has no "filename" and "shape" for it'
printf '{"Variable": {"filename": "Variable", "shape": [-1]}}' >net/manifest.json
broken 'tensor Variable: the manifest has no "filename" and "shape" for it'
printf '{"Variable": {"filename": "Variable", "shape": [4294967296, 4294967296]}}' >net/manifest.json
broken 'tensor Variable: the manifest has no "filename" and "shape" for it'
printf '{' >net/manifest.json
broken 'net/manifest.json: '
printf '{}' >net/manifest.json
broken 'names no variables'
rm net/manifest.json
broken 'is a tar archive'
gzip -c photo.png >photo.gz
wrong 1 'is compressed with gzip' photo.gz photo.png -o x.png
check 'nothing was written' [ ! -e x.png ]

finish
