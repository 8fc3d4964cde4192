#!/bin/sh
# runs_film.sh: `runs film`: the pictures that a training left as a GIF, an MP4 and a sheet; which of them, how
# large, and everything that can be wrong.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1

mkdir -p data
for i in 0 1 2 3 4 5 6 7; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 5\n' $i >data/$i.pgm
done
run "$autodidact" gan train --data data --width 16 --latent 5 --batch 8 --steps 30 --eval-every 4 --run run --quiet
exits 0
frames() { "$autodidact" info "$1" --json 2>/dev/null | sed -n 's/.*"frames":\([0-9]*\).*/\1/p'; }
wide() { "$autodidact" info "$1" --json 2>/dev/null | sed -n 's/.*"width":\([0-9]*\).*/\1/p'; }

# ---- films and sheets ----

run "$autodidact" runs film run
exits 0
says err "film.gif: 8 frames of "
check "film.gif has all pictures" test "$(frames film.gif)" = 8
run "$autodidact" runs film run -o film.mp4 --fps 4
exits 0
says_not err "is repeated" # sides are even
check "the last one of a film is shown twice" test "$(frames film.mp4)" = 9
run "$autodidact" runs film run -o every.gif --every 3 --width 100 --json
exits 0
says out '"frames":4,"left_out":0,"width":108,' # 4, 16, 28, and the last; a margin of 4
run "$autodidact" runs film run -o plain.gif --plain --width 100 -q
exits 0
silent err
check "no margin without a number" test "$(wide plain.gif)" = 100
run "$autodidact" runs film run -o sheet.png
exits 0
says err "sheet.png: 8 pictures"
run "$autodidact" runs film run -o two.png --every 100
says err "two.png: 2 pictures"
check "a sheet of two is smaller" test "$(wide two.png)" -lt "$(wide sheet.png)"
run "$autodidact" runs film run -o frames/ --plain -q
check "a folder has each once" test "$(ls frames | wc -l)" = 8
run "$autodidact" runs film run -o again.gif -q
check "the same bytes again" cmp film.gif again.gif

# ---- a GIF that would be too large ----

size=$(wc -c <film.gif)
run "$autodidact" runs film run -o small.gif --most $((size / 4))
exits 0
says err "small.gif: made smaller, from a width of "
check "it is no larger" test "$(wc -c <small.gif)" -le $((size / 4))
run "$autodidact" runs film run -o tiny.gif --most 100
says err "still larger than --most"
run "$autodidact" runs film run -o any.gif --most 0 -q
check "0 is any size" cmp film.gif any.gif
mkdir -p many/samples && cp run/config.json many
i=0
while [ $i -lt 60 ]; do
    cp run/samples/made-0000000$(printf %02d $((4 + 4 * (i % 7)))).png many/samples/made-$(printf %09d $i).png
    i=$((i + 1))
done
most=$((4 * $(wc -c <plain.gif)))
run "$autodidact" runs film many -o many.gif --plain --width 100 --most $most
exits 0
says err "many.gif: 29 of 60 frames are left out, so that it is no larger than --most"
check "nor is this" test "$(wc -c <many.gif)" -le $most
run "$autodidact" runs film many -o many.png
says err "12 of 60 pictures; --every says otherwise"

# ---- which pictures ----

cp -r run two
cp two/samples/made-000000004.png two/samples/painted-000000004.png
run "$autodidact" runs film two -o new.gif
exits 2
says err "two: has pictures of several names; --name says which: made (8), painted (1)"
run "$autodidact" runs film two --name painted -o one.gif
exits 0
says err "one.gif: 1 frame of"
run "$autodidact" runs film two --name other -o new.gif
exits 1
says err "--name other: two has made (8), painted (1)"
"$autodidact" runs film run -o two/samples/made-000000008.png --every 100 -q
run "$autodidact" runs film two --name made -o sizes.gif
exits 0
says err "1 of 8 pictures are not of "
check "all frames have one size" test "$(wide sizes.gif)" = "$(wide film.gif)"

# ---- what is refused ----

refuses() { # SENTENCE STATUS WORDS...
    sentence=$1 wanted=$2
    shift 2
    run "$autodidact" runs film "$@"
    exits "$wanted"
    one_line err
    says err "$sentence"
}
refuses "nothing: " 1 nothing -o new.gif
refuses "data: is not a run" 1 data -o new.gif
mkdir empty && cp run/config.json empty
refuses "empty: its samples/ hold no pictures; \`gan train\` leaves none, or has not come to an evaluation" 1 empty -o new.gif
refuses "new.txt: a film's name ends in" 1 run -o new.txt
refuses "--fps is of a film" 2 run -o new.png --fps 3
refuses "--most is of a film" 2 run -o new.png --most 1M
refuses "--every" 2 run -o new.gif --every 0
head -c 60 run/samples/made-000000012.png >two/samples/made-000000012.png
refuses "two/samples/made-000000012.png: " 1 two --name made -o new.gif -q
rm two/samples/made-000000012.png && ln -s "$tmp/film.gif" two/samples/made-000000012.png
refuses "is a symbolic link" 1 two --name made -o new.gif
run "$autodidact" gan train --data data --width 16 --latent 5 --batch 8 --steps 2 --seeds 2 --run parts --quiet
refuses "parts: has parts, whose pictures are theirs: runs film parts/seed-0" 1 parts -o new.gif
refuses "run: is what is read" 1 run -o run
check "nothing was written" test ! -e new.gif -a ! -e new.png -a ! -e new.txt
finish
