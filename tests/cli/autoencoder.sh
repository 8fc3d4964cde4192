#!/bin/sh
# autoencoder.sh: the small system of docs/adding-a-system.md, on pictures made here: training, killing
# and resuming, the report, samples, a trained network applied, and what a person can get wrong.
. "$(dirname "$0")/../check.sh"
autoencoder=$examples/autoencoder

# picture FILE N: 8 x 8, a bright bar whose place and width depend on N.
picture() {
    { printf 'P2 8 8 255\n'
      for y in 1 2 3 4 5 6 7 8; do
          for x in 1 2 3 4 5 6 7 8; do
              if [ $(((x + $2) % 8)) -lt $(($2 % 3 + 2)) ]; then printf '240 '; else printf '%d ' $((10 + $2 % 7)); fi
          done
          echo
      done; } >"$1"
}
for split in train test; do
    mkdir -p "$tmp/data/$split/bars"
    i=0
    while [ $i -lt 40 ]; do picture "$tmp/data/$split/bars/$i.pgm" $((i * 5 % 23)); i=$((i + 1)); done
done
common="--data $tmp/data --code 4 --hidden 32 --batch 16 --lr 1e-2 --steps 200 --checkpoint-every 50 --quiet"

run "$autoencoder" code train $common --run "$tmp/a" --threads 1
exits 0
loss=$(sed -n 's/^test_loss *//p' "$tmp/.out")
check "the pictures come through (mean squared error $loss)" awk "BEGIN { exit !($loss < 0.02) }"
for file in config.json report.html checkpoints/best.safetensors samples/reconstructed-000000200.png; do
    check "the run has $file" test -s "$tmp/a/$file"
done
check "the report shows the sheet" grep -q reconstructed "$tmp/a/report.html"
check "the report has the command" grep -q "autoencoder code train --code 4" "$tmp/a/report.html"
run "$autodidact" runs show "$tmp/a"
says out "again: autoencoder code train --code 4"
run "$autodidact" runs resume "$tmp/a"
exits 1
says err "is a run of another program; resume it with: autoencoder code train --resume $tmp/a"

run "$autoencoder" code train $common --steps 100 --run "$tmp/b" --threads 2
exits 0
run "$autoencoder" code train --resume "$tmp/b" --steps 200 --quiet
exits 0
run "$autoencoder" code train $common --schedule constant --run "$tmp/c" --threads 2
run "$autoencoder" code train $common --schedule constant --steps 120 --run "$tmp/d" --threads 1
run "$autoencoder" code train --resume "$tmp/d" --steps 200 --quiet
check "a resumed run ends in the same bytes" \
    cmp "$tmp/c/checkpoints/step-000000200.safetensors" "$tmp/d/checkpoints/step-000000200.safetensors"

run "$autoencoder" code apply "$tmp/a" "$tmp/data/test/bars/3.pgm" -o "$tmp/seen.png"
exits 0
run "$autodidact" info "$tmp/seen.png"
says out "118 x 60"
run "$autoencoder" code apply "$tmp/a" "$tmp/nowhere.png"
exits 1
says err "nowhere.png"
run "$autoencoder" code apply "$tmp/data" x.png
exits 1
one_line err
run "$autoencoder" code train --data "$tmp/data" --code 0
exits 2
says err "--code"
run "$autoencoder" code train --resume "$tmp/a" --hidden 9
exits 2
says err "--hidden cannot change"
run "$autoencoder" code train --help
exits 0
says out "network options:"
says out "--minutes"
finish
