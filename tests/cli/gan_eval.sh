#!/bin/sh
# gan_eval.sh: `gan eval` with a classifier trained here: its figures beside what `classify predict` says of the same
# samples, the same with any number of threads, and everything that is refused.
. "$(dirname "$0")/../check.sh"

mkdir -p "$tmp/data/train/left" "$tmp/data/train/right" "$tmp/large/left" "$tmp/large/right"
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
    printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 %d\n' $((9 * i)) $((15 * i)) >"$tmp/data/train/left/$i.pgm"
    printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 %d 0 0 255\n' $((7 * i)) $((11 * i)) >"$tmp/data/train/right/$i.pgm"
done
for i in 0 1 2 3; do
    printf 'P2 5 5 255\n255 %d 0 0 0 255 9 0 0 0 255 0 7 0 0 255 0 0 5 0 0 0 0 0 0\n' $i >"$tmp/large/left/$i.pgm"
    printf 'P2 5 5 255\n0 0 %d 0 255 0 9 0 0 255 0 0 7 0 255 0 1 0 0 255 0 0 0 0 9\n' $i >"$tmp/large/right/$i.pgm"
done
for kind in vanilla conditional; do
    run "$autodidact" gan train --data "$tmp/data" --kind $kind --width 16 --latent 5 --batch 8 --steps 60 --lr 2e-3 --run "$tmp/$kind" --quiet
    exits 0
done
run "$autodidact" classify train --data "$tmp/data" --model mlp --batch 8 --steps 30 --val 0 --run "$tmp/judge" --quiet
exits 0
run "$autodidact" classify train --data "$tmp/large" --model mlp --batch 4 --steps 2 --val 0 --run "$tmp/other" --quiet
exits 0

# ---- figures ----

run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 40 --seed 3 --json --threads 1
exits 0
result() { sed -n "s/^{\"event\":\"result\".*\"$1\":\([-0-9.e+]*\)[,}].*/\1/p" "$tmp/result"; }
cp "$tmp/.out" "$tmp/result"
for name in frechet precision recall density coverage label_accuracy real_accuracy made real; do
    check "there is $name: $(result $name)" test -n "$(result $name)"
done
check "24 real pictures beside 40 made ones" test "$(result real)" = 24 -a "$(result made)" = 40
check "the classifier knows the real ones" awk "BEGIN { exit !($(result real_accuracy) > 0.9) }"
check "shares are shares" awk "BEGIN { exit !($(result precision) >= 0 && $(result precision) <= 1 && $(result recall) <= 1 && $(result coverage) <= 1) }"
check "two classes" test "$(grep -c '"event":"class"' "$tmp/result")" = 2
grep '"event":"class"\|"event":"result"' "$tmp/result" >"$tmp/one"
run "$autodidact" gan eval "$tmp/conditional" --classifier "$tmp/judge" -n 40 --seed 3 --json --threads 3
grep '"event":"class"\|"event":"result"' "$tmp/.out" >"$tmp/three"
check "the same with three threads" cmp "$tmp/one" "$tmp/three"
run "$autodidact" gan sample "$tmp/conditional" -n 40 --seed 3 -o "$tmp/made/"
run "$autodidact" classify predict "$tmp/judge" "$tmp/made" --json
right=$(grep '"event":"prediction"' "$tmp/.out" | awk '{ want = NR % 2 ? "left" : "right"; n += $0 ~ "\"class\":\"" want "\"" } END { print n / NR }')
check "label accuracy is what classify predict says: $(result label_accuracy), $right" \
    awk "BEGIN { d = $(result label_accuracy) - $right; exit !(d < 0.001 && d > -0.001) }"
run "$autodidact" gan eval "$tmp/vanilla" --classifier "$tmp/judge" -n 20 --data "$tmp/data"
exits 0
says out "frechet"
says out "class"
says_not out "label_accuracy"

run "$autodidact" gan train --data "$tmp/data" --width 16 --latent 5 --batch 8 --steps 3 --classifier "$tmp/judge" --run "$tmp/judged" --quiet --json
exits 0
tail -1 "$tmp/.out" >"$tmp/last"
check "the last line of training has them" grep -q '"frechet":[0-9]' "$tmp/last"
run "$autodidact" gan eval "$tmp/judged" --classifier "$tmp/judge" --json
check "they are those of gan eval" test "$(sed -n 's/.*"frechet":\([0-9.]\{6\}\).*/\1/p' "$tmp/last")" = "$(sed -n 's/.*"frechet":\([0-9.]\{6\}\).*/\1/p' "$tmp/.out")"
run "$autodidact" gan train --data "$tmp/data" --width 16 --batch 8 --steps 3 --classifier "$tmp/other" --run "$tmp/new" --quiet
exits 1
says err "was trained on pictures of 5 x 5"

# ---- what is refused ----

refuses() { # STATUS SENTENCE OPTIONS...
    code=$1 sentence=$2
    shift 2
    run "$autodidact" gan eval "$@" --quiet
    exits "$code"
    one_line err
    says err "$sentence"
}
refuses 1 "was trained on pictures of 5 x 5 with 1 channel, and the generator makes 4 x 4 with 1" "$tmp/vanilla" --classifier "$tmp/other"
refuses 1 "was written by \`gan train\`, not by \`classify train\`" "$tmp/vanilla" --classifier "$tmp/conditional"
refuses 1 "was written by \`classify train\`, not by \`gan train\`" "$tmp/judge" --classifier "$tmp/judge"
refuses 1 "has no test pictures" "$tmp/vanilla" --classifier "$tmp/judge" --split test
refuses 1 "$tmp/nowhere" "$tmp/vanilla" --classifier "$tmp/judge" --data "$tmp/nowhere"
refuses 1 "k is 24" "$tmp/vanilla" --classifier "$tmp/judge" --neighbours 24
refuses 2 "--classifier" "$tmp/vanilla"
refuses 2 "--count" "$tmp/vanilla" --classifier "$tmp/judge" --count 3
finish
