#!/bin/sh
# files.sh - `info` and `convert` as a person uses them, on files made here, good and broken.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

# safetensors FILE HEADER DATA-FORMAT: eight bytes of length (little endian), the header, the data.
safetensors() {
    length=${#2}
    { printf "\\$(printf %o $((length % 256)))\\$(printf %o $((length / 256)))\0\0\0\0\0\0"; printf %s "$2"; printf "$3"; } >"$1"
}
one='\0\0\200\77' two='\0\0\0\100' # 1.0f and 2.0f
safetensors net.safetensors \
    '{"__metadata__":{"made by":"a test"},"fc.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"step":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}' \
    "$one$two"'\7\0\0\0\0\0\0\0'

run "$autodidact" info net.safetensors
exits 0
says out 'net.safetensors: safetensors, 2 tensors, 3 elements, 16 bytes'
says out 'fc.weight'
says out 'f32'
says out '[2, 1]'
says out 'i64'
says out 'made by   a test'
silent err
run "$autodidact" info net.safetensors --json
exits 0
says out '{"event":"tensor","name":"fc.weight","raw_name":"fc.weight","dtype":"f32","stored":"F32","shape":[2,1],"bytes":8}'
says out '{"event":"metadata","key":"made by","value":"a test"}'
says out '"tensors":2,"bytes":16}'

# There and back: the same bytes as one conversion.
run "$autodidact" convert net.safetensors direct.safetensors
exits 0
says err 'wrote direct.safetensors'
run "$autodidact" convert net.safetensors net.npz -q
exits 0
silent err
run "$autodidact" info net.npz
exits 0
says out 'npz, 2 tensors, 3 elements, 16 bytes'
run "$autodidact" convert net.npz back.safetensors
exits 0
tail -c 16 direct.safetensors >direct.bytes
tail -c 16 back.safetensors >back.bytes
check 'the data come back' cmp direct.bytes back.bytes
run "$autodidact" convert net.safetensors net.safetensors --dtype bf16
exits 0
run "$autodidact" info net.safetensors
says out 'bf16'
says out '2 tensors, 3 elements, 12 bytes'

# What goes wrong says so in one line that names the file, and leaves what was there.
fails() { # EXPECTED WORD...
    expected=$1
    shift
    run "$autodidact" "$@"
    exits 1
    says err "$expected"
    one_line err
    silent out
}
fails 'autodidact: none.pth' info none.pth
: >empty.safetensors
fails 'autodidact: empty.safetensors' info empty.safetensors
head -c 60 direct.safetensors >short.safetensors
fails 'autodidact: short.safetensors' info short.safetensors
fails 'autodidact: short.safetensors' convert short.safetensors new.npz
check 'nothing was written' test ! -e new.npz
safetensors lying.safetensors '{"w":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,8]}}' "$one$two"
fails 'autodidact: lying.safetensors' info lying.safetensors
fails 'autodidact: .' info .
fails 'autodidact: /dev/zero: is a device without an end, not a file' info /dev/zero
echo text >notes.txt
fails 'autodidact: notes.txt' info notes.txt
cp direct.bytes kept.npz
fails 'autodidact: notes.txt' convert notes.txt kept.npz
check 'the file that was there is as it was' cmp direct.bytes kept.npz
fails 'net.onnx' convert direct.safetensors net.onnx
fails 'nowhere/net.npz' convert direct.safetensors nowhere/net.npz
mkdir folder.npz
fails 'folder.npz' convert direct.safetensors folder.npz
fails 'direct.npy' convert direct.safetensors direct.npy
check 'no temporary file stays' sh -c '! ls | grep -q tmp'
safetensors esc.safetensors '{"a\u001b[31mb":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' "$one"
fails 'tensor a\x1b[31mb: ' info esc.safetensors
safetensors evil.safetensors '{"a\u009b31mb\u202e":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' "$one"
run "$autodidact" info evil.safetensors
check 'control characters of a name are written out' sh -c "! LC_ALL=C grep -q '[$(printf '\033\233\342')]' .out .err"
says out 'a\u009b31mb\u202e  f32'
mv evil.safetensors "$(printf 'e\033[2J\nvil \302\233.safetensors')"
run "$autodidact" info e*vil*.safetensors
says out 'e\x1b[2J\nvil \u009b.safetensors: safetensors, 1 tensor'
run "$autodidact" info e*vil*.safetensors --json
says out '"file":"e\u001B[2J\nvil \u009B.safetensors"'

# Pictures: a 2 x 1 BMP of 24 bits.
{ printf 'BM\76\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0\2\0\0\0\1\0\0\0\1\0\30\0\0\0\0\0\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\377\0\0\0\377\0\0\0'; } >dot.bmp
run "$autodidact" info dot.bmp
exits 0
says out 'dot.bmp: BMP, 2 x 1, colour'
run "$autodidact" info dot.bmp --json
exits 0
says out '"format":"BMP","width":2,"height":1,"channels":3'
printf '\211PNG\r\n\032\n' >cut.png
fails 'autodidact: cut.png' info cut.png
printf '\377\330\377' >cut.jpg
fails 'autodidact: cut.jpg' info cut.jpg

printf 'P2 2 1 9\n1 2\n' >dot.pgm
run "$autodidact" info dot.pgm
exits 0
says out 'dot.pgm: PNM, 2 x 1, grey, 8 bit'

# Sets of pictures: a folder, and an archive of it.
mkdir -p pets/train/cat pets/train/dog pets/test/cat
for at in train/cat/1 train/cat/2 train/dog/1 test/cat/1; do cp dot.pgm pets/$at.pgm; done
run "$autodidact" info pets
exits 0
says out 'pets: pictures of 2 classes, 2 x 1, grey'
says out 'train: 3 pictures; mean 0.1667'
says out 'cat        2     1'
tar cf pets.tar pets
run "$autodidact" info pets.tar --json
exits 0
says out '"name":"train","pictures":3,"one_size":true,"width":2,"height":1,"channels":1,"per_class":[2,1],"skipped":0'
says out '"name":"test","pictures":1'
printf 'P2 1 1 9\n1\n' >pets/train/dog/2.pgm
echo broken >pets/train/dog/3.pgm
run "$autodidact" info pets
exits 0
says out 'of 1 x 1 to 2 x 1 (figures of all as 32 x 32)'
says out 'train: 1 broken picture was left out: pets/train/dog/3.pgm'
printf 'P3 2 1 255\n1 2 3 4 5 6\n' >pets/train/dog/4.ppm
echo GIF89a >pets/train/dog/5.gif
run "$autodidact" info pets
exits 0
says out '32 x 32), colour'
says out 'train: 4 of 5 pictures are grey and were widened to colour'
says out 'train: left out: 1 file is a picture of a format that cannot be read (.gif)'
run "$autodidact" info pets --json
says out '"grey":4,"colour":1,'
says out '"smallest":[1,1],"largest":[2,1],"unlabelled":0,"unread":1'
run "$autodidact" info pets/train/dog/5.gif
exits 1
says err '5.gif: is no film that can be read'
mkdir nothing
fails 'autodidact: nothing: holds no data set' info nothing

finish
