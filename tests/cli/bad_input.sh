#!/bin/sh
# bad_input.sh - films, pictures, folders and networks that are not what they should be, through every verb that could
# meet them: one line that names the file and what was expected, and nothing written. needs: libav png protobuf-c
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
if ! has libav || ! has protobuf-c; then
    skip 'films need libav, and ONNX files protobuf-c'
    good
    finish
    exit
fi
films=$fixtures/films
cp "$fixtures/onnx/picture.onnx" "$fixtures/onnx/styles.onnx" "$fixtures/classifiers/words.onnx" \
    "$films/sound.m4a" "$films/changes.h264" "$fixtures/tiny_cnn.pth" .
"$examples/scene" photo photo.png && "$examples/scene" painting painting.png || exit 1
small='--size 32 --steps 1 --levels 1'

fails() { # STATUS TEXT ARGUMENT...
    want=$1 text=$2
    shift 2
    run "$autodidact" "$@"
    exits "$want"
    says err "$text"
    check 'the last line is the error' sh -c 'tail -1 .err | grep -q "^autodidact: "'
}
film_verbs() { # TEXT FILM: as a film, each verb that reads films says so
    fails 1 "$1" film convert "$2" out.mp4
    fails 1 "$1" dream make "$2" -o out.mp4 $small
    fails 1 "$1" style apply picture.onnx "$2" -o out.mp4 --white 1
    fails 1 "$1" style make "$2" painting.png -o out.mp4 --size 32 --steps 1
}
picture_verbs() { # TEXT FILE: where a picture is expected
    fails 1 "$1" style make photo.png "$2" -o out.png --size 32 --steps 1
    fails 1 "$1" dream make photo.png --guide "$2" -o out.png $small
    fails 1 "$1" classify predict words.onnx "$2"
}
nothing() { check "nothing was written for $1" [ -z "$(find . -name 'out*')" ]; }

# ---- films ----
"$autodidact" film convert "$films/sound.mp4" whole.mp4 --size 96 --crf 2 -q || exit 1

# cut short: what was read till then can be played
head -c $(($(wc -c <whole.mp4) * 4 / 5)) whole.mp4 >cut.mp4
film_verbs 'cut.mp4: is cut short: it ends within what follows frame ' cut.mp4
for part in out.partial.mp4 out.partial-2.mp4; do [ ! -e $part ] || check "$part can be played" "$autodidact" info $part; done
check 'no verb left a whole film' [ ! -e out.mp4 ]
rm -f out.*
picture_verbs 'cut.mp4: a film (MP4), and a picture is expected; `autodidact film convert` makes pictures of it' cut.mp4
fails 1 'cut.mp4: ' onnx run picture.onnx cut.mp4 -o out.png
nothing 'a film as a picture'

# no frame at all: a track without one, no track, nothing in the file
head -c $(($(grep -abo moof whole.mp4 | head -1 | cut -d: -f1) - 4)) whole.mp4 >none.mp4
film_verbs 'none.mp4: has no frame that can be decoded' none.mp4
fails 1 'none.mp4: has no frame that can be decoded' info none.mp4
zeros() { head -c "$1" /dev/zero; }
{
    printf '\000\000\000\030ftypisom\000\000\002\000isommp41'
    printf '\000\000\000\164moov\000\000\000\154mvhd' && zeros 12 && printf '\000\000\003\350\000\000\003\350\000\001\000\000' && zeros 76
} >trackless.mp4
film_verbs 'trackless.mp4: ' trackless.mp4
fails 1 'trackless.mp4: ' info trackless.mp4
: >empty.mp4
fails 1 'empty.mp4: the file is empty' film convert empty.mp4 out.mp4
fails 1 'empty.mp4: is empty' info empty.mp4
picture_verbs 'empty.mp4: ' empty.mp4

# sound without pictures, and a codec that nobody decodes, by its name
film_verbs 'sound.m4a: holds sound (aac) and no pictures' sound.m4a
fails 1 'sound.m4a: holds sound (aac) and no pictures' info sound.m4a
LC_ALL=C sed 's/avc1/zz9z/g' "$films/bt709.mp4" >codec.mp4
film_verbs 'codec.mp4: its pictures are zz9z, for which this libav has no decoder' codec.mp4
fails 1 'codec.mp4: its pictures are zz9z, for which this libav has no decoder' info codec.mp4
nothing 'films without pictures'

# frames of two sizes in a bare stream: made as large as the first, and said, by all
for verb in 'film convert changes.h264' "dream make changes.h264 $small" 'style apply picture.onnx changes.h264 --white 1'; do
    run "$autodidact" $verb -o out.gif
    [ "$status" = 0 ] || run "$autodidact" $verb out.gif
    exits 0
    says err 'changes.h264: 3 frames are of another size made as large as the first'
    rm -f out.gif
done
run "$autodidact" info changes.h264
exits 0
says out 'changes.h264: h264, 16 x 12, 6 frames, 600.00 ms'

# ---- one pixel ----
printf 'P6 1 1 255\nabc' >dot.ppm
mkdir dots && cp dot.ppm dots/1.ppm && cp dot.ppm dots/2.ppm
run "$autodidact" film convert dots dot.gif -q
exits 0
for verb in 'film convert dot.gif out.mp4' "dream make dot.gif $small -o out.mp4" 'style apply picture.onnx dot.gif --white 1 -o out.mp4' \
    "dream make dots $small -o out.gif" 'style apply picture.onnx dots --white 1 -o out.gif'; do
    run "$autodidact" $verb
    exits 0
    says err ': 2 frames'
    rm -f out.*
done
for verb in "dream make dot.ppm $small" 'style apply picture.onnx dot.ppm --white 1' 'style make dot.ppm painting.png --size 32 --steps 1' \
    'style make photo.png dot.ppm --size 32 --steps 1' "dream make photo.png --guide dot.ppm $small" \
    'style reconstruct dot.ppm --layer relu1_1 --size 32 --steps 1' 'onnx run picture.onnx dot.ppm'; do
    run "$autodidact" $verb -o out.png
    exits 0
    check "$verb: a picture" [ -s out.png ]
    rm -f out.png
done
run "$autodidact" classify predict words.onnx dot.ppm
exits 0

# A picture, or a guide, that is smaller than a network can see becomes as large as it must be, which is said.
run "$autodidact" dream make dot.ppm --weights words.onnx --logit 1 -o out.png --size 32 --steps 1
exits 0
says err '3 of 4 sizes are left out: they would be below 32 pixels'
"$autodidact" dream make cut.mp4 -o many.gif $small >.out 2>.err
check 'said once for a film' [ "$(grep -c 'drawn as 32 x 32' .err)" = 1 ]
rm -f out.png many*

# ---- a folder of two sizes ----
mkdir two && cp dot.ppm two/1.ppm && printf 'P6 2 1 255\nabcabc' >two/2.ppm
for verb in 'film convert two out.mp4' "dream make two -o out.mp4 $small" 'style apply picture.onnx two -o out.mp4 --white 1'; do
    fails 1 'two/2.ppm: is 2 x 1 pixels and two/1.ppm is 1 x 1: the pictures of a film have one size' $verb
done
rm -f out.*
run "$autodidact" style apply picture.onnx two -o each --white 1
exits 0
says err 'each: 2 of 2 pictures' # one by one they may differ

# ---- names of outputs ----
for out in out.xyz /dev/full; do
    for verb in 'dream make photo.png' 'style make photo.png painting.png' 'style apply picture.onnx photo.png' 'dream layers' \
        'style reconstruct photo.png --layer relu1_1'; do
        fails 1 "$out: a picture is written as .png, .jpg, .jpeg or .webp" $verb -o $out
    done
    fails 1 "$out: a film's name ends in .mp4, .webm, .gif or .apng" film convert whole.mp4 $out
    fails 1 "$out: a film's name ends in" dream make whole.mp4 -o $out
    fails 1 "$out: a film's name ends in" style apply picture.onnx whole.mp4 -o $out
    fails 1 "$out: a picture is written as" classify predict words.onnx photo.png --saliency $out
done
fails 1 'out.xyz: ' onnx run picture.onnx photo.png -o out.xyz
fails 1 'out.mp4: is where a film goes, and what is read is none' dream make photo.png -o out.mp4
fails 1 'out.mp4: is where a film goes, and what is read is none' style apply picture.onnx photo.png -o out.mp4
fails 1 "out.png: a film's name ends in" dream make whole.mp4 -o out.png
fails 1 'out.png: is the name of one picture or film, and several pictures want a folder' style apply picture.onnx dots -o out.png
nothing 'names without a known ending'

# ---- networks for other work ----
"$autodidact" style train --style painting.png --data photo.png --width 4 --blocks 1 --crop 64 --style-size 64 --batch 1 --steps 1 \
    --run painter -q >.out 2>.err && "$autodidact" runs export painter -o painter.safetensors -q || exit 1
for verb in 'dream make photo.png' 'dream layers' 'style make photo.png painting.png' 'style reconstruct photo.png --layer relu1_1'; do
    fails 1 'painter.safetensors: is a network that paints (`style apply`)' $verb --weights painter.safetensors -o out.png
    fails 1 'styles.onnx: is no network that looks at a picture' $verb --weights styles.onnx -o out.png
    fails 1 'tiny_cnn.pth: not the weights of an image network that is known here' $verb --weights tiny_cnn.pth -o out.png
done
fails 1 'was written by `style train`, not by `classify train`' classify predict painter.safetensors photo.png
fails 1 'was written by `style train`, not by `classify train`' classify predict painter photo.png
fails 1 'compact.safetensors: is compact, which looks at pictures and paints none' style apply "$root/zoo/backbone/compact.safetensors" photo.png -o out.png
fails 1 'words.onnx: ' style apply words.onnx photo.png --white 1 -o out.png
fails 1 'tiny_cnn.pth: is no network of a style' style apply tiny_cnn.pth photo.png -o out.png
nothing 'networks for other work'

# ---- layers that are not there: those that are ----
for verb in 'dream make photo.png --layer' 'dream layers --layer' 'style make photo.png painting.png --content-layer' \
    'style make photo.png painting.png --style-layers' 'style reconstruct photo.png --layer'; do
    fails 2 'compact has no layer nope; it has conv1_1, relu1_1' $verb nope -o out.png
done
fails 1 'there is no value or node "nope" in it; it computes conv0, turned' dream make photo.png --weights picture.onnx --layer nope -o out.png
fails 1 'there is no value or node "nope" in it; it computes conv0, turned' onnx run picture.onnx photo.png --values nope -o out.npz
fails 1 'no value or node "conv1" in it (did you mean "conv0"?)' onnx run picture.onnx photo.png --values conv1 -o out.npz
nothing 'layers that are not there'
finish
