#!/bin/sh
# film.sh - films as a person uses them: `info`, `film convert` from and to each format, what is said of what is
# guessed and left out, and films that break off.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
films=$fixtures/films

frames() { "$autodidact" info "$1" --json 2>/dev/null | sed -n 's/.*"frames":\([0-9]*\).*/\1/p'; }
fails() { # STATUS EXPECTED WORD...
    expected=$2 want=$1
    shift 2
    run "$autodidact" "$@"
    exits "$want"
    says err "$expected"
    one_line err
    silent out
}

# ---- what a film holds ----
run "$autodidact" info "$films/sound.mp4"
exits 0
says out 'sound.mp4: mp4, 16 x 12, 20 frames, 2.000 s'
says out 'pictures: h264, yuv420p, 8 bit, BT.709, limited range'
says out '10 frames a second'
says out 'sound: aac, 8000 Hz, 1 channel'
silent err
run "$autodidact" info "$films/turned.mp4"
says out 'turned.mp4: mp4, 24 x 32, 5 frames'
says out 'turned by 270 degrees'
run "$autodidact" info "$films/uneven.mp4"
says out 'they are not equally far apart'
run "$autodidact" info "$films/untagged.webm"
says out 'BT.601 (guessed)'
says err 'untagged.webm: does not say what its colours are; by its size taken for BT.601'
run "$autodidact" info "$films/sound.mp4" --json
exits 0
says out '{"event":"film","file":'
says out '"width":16,"height":12,'
says out '"fps":10,"rate":[10,1],"variable_rate":false,"frames":20,"seconds":2,"counted":true,"audio":"aac","audio_rate":8000,"audio_channels":1}'
run sh -c '"$0" info /dev/stdin <"$1"' "$autodidact" "$films/bt709.mp4"
exits 0
says out 'mp4, 32 x 24, 5 frames'

# ---- from each format to each ----
from=$films/sound.mp4
for to in film.mp4 film.webm film.gif film.apng frames/; do
    run "$autodidact" film convert "$from" $to
    exits 0
    says err "$to: 20 frames, 2.00 s, written in "
    [ $to = frames/ ] || check "$to has all frames" test "$(frames $to)" = 20
    from=$to
done
check 'pictures are numbered' test "$(ls frames | head -1)-$(ls frames | tail -1)" = 00001.png-00020.png
run "$autodidact" film convert frames again.mp4 --fps 10 -q
exits 0
silent err
check 'and all is there in the end' test "$(frames again.mp4)" = 20
run "$autodidact" film convert again.mp4 'n-%03d.png' --from 0.5 --to 1 -q
exits 0
check 'a part of it' test "$(ls n-*.png | tr '\n' ' ')" = 'n-001.png n-002.png n-003.png n-004.png n-005.png '
run "$autodidact" film convert 'n-%03d.png' n.gif --fps 10 -q
exits 0
check 'and back by their names' test "$(frames n.gif)" = 5
run "$autodidact" film convert "$films/sound.mp4" sounds.mp4 --from 0.5 --to 1.5 --size 64 --fps 20 --json
exits 0
says out '"event":"step","step":20,"steps":20,'
says out '{"event":"done","output":"sounds.mp4","frames":20,"film_seconds":1,'
run "$autodidact" info sounds.mp4
says out 'mp4, 64 x 48, 20 frames, 1.000 s'
says out 'sound: aac'
run "$autodidact" film convert "$films/sound.mp4" mute.mp4 --no-sound -q
run "$autodidact" info mute.mp4
says out 'no sound'
run "$autodidact" film convert "$films/sound.mp4" no.webm
says err 'sound.mp4: its sound (aac) cannot stand in no.webm and '
run "$autodidact" film convert "$films/sound.mp4" odd.mp4 --size 31x17
says err 'odd.mp4: is 32 x 18: its format takes even sides alone, so the last row and column are repeated'
run "$autodidact" film convert "$films/bt709.mp4" one.gif -q --threads 1
run "$autodidact" film convert "$films/bt709.mp4" two.gif -q --threads 4
check 'the same film with any number of threads' cmp one.gif two.gif
run sh -c '"$0" film convert /dev/stdin pipe.mp4 -q <"$1"' "$autodidact" "$films/sound.mp4"
exits 0
check 'a film through a pipe' test "$(frames pipe.mp4)" = 20

# ---- what goes wrong ----
fails 1 'none.mp4: cannot open: No such file' film convert none.mp4 out.mp4
fails 1 'none-%d.png: there is no picture of such a name' film convert 'none-%d.png' out.mp4
fails 1 "a film's name ends in .mp4, .webm, .gif or .apng" film convert film.mp4 out.avi
fails 1 'film.mp4: is what is read' film convert film.mp4 ./film.mp4
fails 1 'no/out.mp4: cannot write' film convert film.mp4 no/out.mp4
fails 1 'frames: holds files already' film convert film.mp4 frames
fails 1 'sound.m4a: holds sound (aac) and no pictures' film convert "$films/sound.m4a" out.mp4
fails 1 'film.mp4: no frame is shown from 7 seconds to the end; the film has 2' film convert film.mp4 out.mp4 --from 7
fails 1 'the end must lie behind the beginning' film convert film.mp4 out.mp4 --from 1 --to 0.5
fails 2 '--size: "x" is neither a size' film convert film.mp4 out.mp4 --size x
fails 1 'out.mp4: crf 60: 1 to 51' film convert film.mp4 out.mp4 --crf 60
mkdir two && cp n-001.png two/2.png
run "$autodidact" film convert film.mp4 two/3.png --to 0.1 -q
exits 1
run "$autodidact" film convert film.mp4 'two/%d.png' --size 8 --to 0.1 -q
exits 0
run "$autodidact" film convert 'n-%03d.png' 'n-%03d.png' --to 0.04 -q
exits 1
says err 'n-001.png: is there already; pictures of a film are not written over others'
run "$autodidact" film convert two out.mp4
exits 1
says err 'two/2.png: is 16 x 12 pixels and two/1.png is 8 x 6: the pictures of a film have one size'
says err 'out.partial.mp4 holds 1 frame of it'
rm -f out.partial.mp4

# ---- motion ----
# A picture and the same one 3 pixels to the left and 1 up; a film of that, and the same with noise that changes.
picture() { # X Y NOISE
    awk -v X="$1" -v Y="$2" -v N="$3" 'BEGIN { srand(7 * X + 1); print "P2 64 48 255"
        for (y = 0; y < 48; ++y) for (x = 0; x < 64; ++x) {
            a = x + X; b = y + Y
            print int(128 + 45 * sin(a / 3.1 + b / 9) + 35 * sin(b / 4.3 - a / 11) + 20 * sin(a * b / 90) + N * (rand() - 0.5)) } }'
}
for n in 0 1 2 3; do
    mkdir -p still noisy
    picture $((3 * n)) $n 0 >still/$n.pgm
    picture $((3 * n)) $n 40 >noisy/$n.pgm
done
run "$autodidact" film flow still/0.pgm still/1.pgm -o flow.flo --json
exits 0
says out '{"event":"done","output":"flow.flo","width":64,"height":48,"mean":3.'
run "$autodidact" film flow still/0.pgm still/1.pgm -o flow.png --most 4
exits 0
says err 'flow.png: 64 x 48, moved by 3.'
run "$autodidact" film flow flow.flo -o again.png --most 4 -q
exits 0
check 'a .flo file is drawn as its pictures are' cmp flow.png again.png
run "$autodidact" film flicker noisy still
exits 0
says out 'painted / source '
says out 'pixels compared '
run "$autodidact" film flicker noisy still --json -q
exits 0
says out '{"event":"flicker","frames":4,"painted":0.0'
check 'noise flickers' test "$(sed -n 's/.*"ratio":\([0-9]*\).*/\1/p' "$tmp/.out")" -gt 5
run "$autodidact" film flicker still still --json -q
says out '"ratio":1,'
run "$autodidact" film convert still small/ --size 32 -q
run "$autodidact" film flicker small still
exits 0
says err 'still: measured at 32 x 24, the size of small'
rm noisy/3.pgm
run "$autodidact" film flicker noisy still
exits 0
says err 'still goes on: 3 frames were compared'
mkdir one && cp still/0.pgm one
fails 1 'one: nothing to compare: that takes two frames' film flicker one one -q
fails 1 'still/0.pgm is 64 x 48 and n-001.png 16 x 12' film flow still/0.pgm n-001.png -o x.png
fails 2 'to which picture?' film flow still/0.pgm -o x.png
fails 2 '--most is for pictures of a flow' film flow still/0.pgm still/1.pgm -o x.flo --most 2
cp flow.png not.flo
fails 1 'not.flo: no .flo file' film flow not.flo -o x.png
fails 2 '--output flow.png is also an input' film flow flow.png again.png -o flow.png
fails 2 '--output flow.flo is also an input' film flow flow.flo -o flow.flo
fails 1 'a film is measured beside one of the same shape' film flicker one "$films/turned.mp4" -q

# ---- films that break off ----
echo 'what was there' >cut.mp4
"$autodidact" film convert film.mp4 large.mp4 --size 320 --crf 5 -q
head -c $(($(wc -c <large.mp4) * 4 / 5)) large.mp4 >broken.mp4
run "$autodidact" film convert broken.mp4 cut.mp4 -q
exits 1
says err 'broken.mp4: is cut short: it ends within what follows frame '
says err '; cut.partial.mp4 holds '
check 'what was there is there' test "$(cat cut.mp4)" = 'what was there'
check 'some frames remain' test "$(frames cut.partial.mp4)" -gt 0
run "$autodidact" info broken.mp4
exits 0
says err 'broken.mp4: is damaged or cut short; its first '

"$autodidact" film convert sounds.mp4 long.mp4 --size 1280 --fps 1000 -q 2>long.err &
process=$!
sleep 1
kill -INT $process
wait $process
status=$?
command='a conversion that Ctrl-C ends'
exits 1
check 'it says what remains' grep -q '^autodidact: long.mp4: stopped; long.partial.mp4 holds [1-9][0-9]* frames* of it$' long.err
check 'the film as such is not there' test ! -e long.mp4
check 'and what remains can be read' test "$(frames long.partial.mp4)" -gt 0
check 'nothing unfinished is left' test "$(find . -name '*.tmp')" = ''
finish
