#!/bin/sh
# gan.sh: the two players of examples/gan.c, on pictures made here: both learn, sheets, killing and resuming
# with the same bytes, and what the second player does in every second step only.
. "$(dirname "$0")/../check.sh"
gan=$examples/gan

# picture FILE N: 8 x 8, one bright row or column.
picture() {
    { printf 'P2 8 8 255\n'
      for y in 0 1 2 3 4 5 6 7; do
          for x in 0 1 2 3 4 5 6 7; do
              if [ $(($2 % 2 ? x : y)) -eq $(($2 / 2 % 8)) ]; then printf '240 '; else printf '%d ' $((10 + ($2 + x) % 7)); fi
          done
          echo
      done; } >"$1"
}
mkdir -p "$tmp/data/bars"
i=0
while [ $i -lt 64 ]; do picture "$tmp/data/bars/$i.pgm" $i; i=$((i + 1)); done
common="--data $tmp/data --hidden 32 --noise 4 --steps 200 --eval-every 20 --log-every 1 --checkpoint-every 20 --quiet"

run "$gan" pictures train $common --run "$tmp/a" --threads 1
exits 0
for file in report.html checkpoints/best.safetensors samples/made-000000020.png samples/made-000000200.png; do
    check "the run has $file" test -s "$tmp/a/$file"
done
check "sheets change with the weights" \
    sh -c "! cmp -s '$tmp/a/samples/made-000000020.png' '$tmp/a/samples/made-000000200.png'"
run "$autodidact" info "$tmp/a/samples/made-000000200.png"
says out "350 x 350"
check "each step has the discriminator's loss" \
    test "$(grep -c '"discriminator/loss":[0-9]' "$tmp/a/metrics.jsonl")" = 200
check "every second step has the generator's" \
    test "$(grep -c '"generator/loss":[0-9]' "$tmp/a/metrics.jsonl")" = 100
for name in discriminator/loss discriminator/real generator/loss "<h3>made"; do
    check "the report shows $name" grep -q "$name" "$tmp/a/report.html"
done
share() { sed -n "s|^{\"step\":200,.*\"discriminator/$1\":\([0-9.e-]*\).*|\1|p" "$tmp/a/metrics.jsonl"; }
check "the discriminator tells them apart ($(share real), $(share made))" \
    awk "BEGIN { exit !($(share real) > $(share made) + 0.05) }"

# Killed while it trains, with another number of threads, it ends in the same bytes.
"$gan" pictures train $common --run "$tmp/b" --threads 2 >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/b/checkpoints/step-000000040.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$gan" pictures train --resume "$tmp/b" --quiet
exits 0
for file in checkpoints/step-000000200.safetensors checkpoints/best.safetensors samples/made-000000200.png; do
    check "$file is the same after kill -9" cmp "$tmp/a/$file" "$tmp/b/$file"
done
run "$gan" pictures train --resume "$tmp/a" --noise 5
exits 2
says err "--noise cannot change when a run is resumed: it is 4 in $tmp/a"
run "$gan" pictures train --data "$tmp/nowhere" --run "$tmp/c"
exits 1
one_line err
run "$gan" pictures train $common --steps 2 --run "$tmp/c" # where nothing began
exits 0
run "$gan" pictures train --data "$tmp/data" --steps 1 --lr 5 --optimizer lion --run "$tmp/e"
exits 0
says err "--lr is not used; players have optimizers of their own"
says err "--optimizer is not used; players have optimizers of their own"
says_not err "--momentum"
run "$gan" pictures train $common --patience 3 --run "$tmp/d"
exits 1
says err "--patience: nothing is monitored here"
run "$gan" pictures train --help
exits 0
says out "random numbers that a picture is made of"
finish
