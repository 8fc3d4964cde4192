#!/bin/sh
# gan_train.sh: `gan train` and `gan sample` on small pictures made here: each kind and loss learns, sheets, killing
# and resuming with the same bytes and any number of threads, folders and sheets of samples, and everything that is
# refused.
. "$(dirname "$0")/../check.sh"

# picture FILE N [SIDE]: one bright row or column.
picture() {
    side=${3:-16}
    awk -v n="$2" -v side="$side" 'BEGIN {
        printf "P2 %d %d 255\n", side, side
        for (y = 0; y < side; ++y) {
            for (x = 0; x < side; ++x) printf "%d ", (n % 2 ? x : y) == int(n / 2) % side ? 240 : 10 + (n + x) % 7
            print ""
        }
    }' >"$1"
}
mkdir -p "$tmp/data/rows" "$tmp/data/columns" "$tmp/sizes/one" "$tmp/one/rows"
i=0
while [ $i -lt 40 ]; do
    picture "$tmp/data/$([ $((i % 2)) = 0 ] && echo rows || echo columns)/$i.pgm" $i
    i=$((i + 1))
done
for i in 0 1 2 3; do picture "$tmp/sizes/one/$i.pgm" $i $((8 + 8 * (i % 2))); done
for i in 0 1 2 3; do picture "$tmp/one/rows/$i.pgm" $i; done
common="--data $tmp/data --width 16 --latent 4 --batch 8 --eval-every 10 --log-every 1 --checkpoint-every 10 --measure 0 --quiet"

# ---- each kind ----

for kind in vanilla conditional dcgan; do
    run "$autodidact" gan train $common --kind $kind --steps 20 --threads 1 --run "$tmp/$kind"
    exits 0
    silent err
    check "$kind: samples at each evaluation" test -s "$tmp/$kind/samples/made-000000010.png" -a -s "$tmp/$kind/samples/made-000000020.png"
    check "$kind: they change" sh -c "! cmp -s '$tmp/$kind/samples/made-000000010.png' '$tmp/$kind/samples/made-000000020.png'"
    for name in discriminator/loss discriminator/real discriminator/made generator/loss "<h3>made"; do
        check "$kind: the report shows $name" grep -q "$name" "$tmp/$kind/report.html"
    done
done
loss() { sed -n "s|^{\"step\":$2,.*\"$3/loss\":\([-0-9.e]*\).*|\1|p" "$tmp/$1/metrics.jsonl"; }
check "the discriminator learns ($(loss vanilla 1 discriminator), then $(loss vanilla 20 discriminator))" \
    awk "BEGIN { exit !($(loss vanilla 20 discriminator) < $(loss vanilla 1 discriminator)) }"

# ---- classes with convolutions ----

run "$autodidact" gan train $common --kind dcgan --conditional --steps 20 --threads 1 --run "$tmp/asked"
exits 0
run "$autodidact" info "$tmp/asked/checkpoints/best.safetensors"
for name in generator.net.1.scale.weight generator.net.1.shift.weight discriminator.classes.weight; do says out "$name"; done
for label in rows columns; do
    run "$autodidact" gan sample "$tmp/asked" -n 1 --label $label -o "$tmp/asked-$label.png"
    exits 0
done
check "a dcgan looks at the label" sh -c "! cmp -s '$tmp/asked-rows.png' '$tmp/asked-columns.png'"
run "$autodidact" gan morph "$tmp/asked" 1:rows 1:columns -o "$tmp/asked-way.png"
exits 0
run "$autodidact" gan mix "$tmp/asked" "1,2 - 3 + 4" --label rows -o "$tmp/asked-sum.png"
exits 0
refuses_classes() {
    run "$autodidact" gan train --data "$tmp/one" --batch 4 --steps 1 --width 16 --run "$tmp/new" --quiet "$@"
    exits 1
    says err "a conditional network wants two at least"
    rm -rf "$tmp/new"
}
refuses_classes --kind dcgan --conditional
refuses_classes --conditional

# ---- killed, and resumed with other threads: the same bytes ----

run "$autodidact" gan train $common --kind dcgan --steps 60 --ema 0.9 --threads 1 --run "$tmp/whole"
exits 0
"$autodidact" gan train $common --kind dcgan --steps 60 --ema 0.9 --threads 2 --run "$tmp/killed" >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/killed/checkpoints/step-000000020.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" gan train --resume "$tmp/killed" --threads 3 --quiet
exits 0
for file in checkpoints/step-000000060.safetensors checkpoints/best.safetensors samples/made-000000060.png; do
    check "$file is the same after kill -9" cmp "$tmp/whole/$file" "$tmp/killed/$file"
done
run "$autodidact" info "$tmp/whole/checkpoints/step-000000060.safetensors"
for name in generator.net.0.weight generator.net.1.running_mean discriminator.net.0.weight discriminator.net.3.running_var \
    train.average.generator.linear.weight; do
    says out "$name"
done

# ---- losses ----

for options in "--loss hinge" "--loss wasserstein --gradient-penalty 10 --critic-steps 5" "--r1 1"; do
    run "$autodidact" gan train $common --kind dcgan --steps 10 $options --run "$tmp/loss-$(echo "$options" | tr -dc a-z)"
    exits 0
done
check "five steps of the critic for one of the generator" \
    test "$(grep -c '"generator/loss":[-0-9]' "$tmp/loss-losswassersteingradientpenaltycriticsteps/metrics.jsonl")" = 2
run "$autodidact" info "$tmp/loss-r/checkpoints/best.safetensors"
says_not out discriminator.net.3.running_var

# ---- data ----

run "$autodidact" gan train --data "$tmp/sizes" --width 16 --batch 4 --steps 1 --run "$tmp/sized"
exits 0
says err "resized to 64 x 64 (from 8 x 8 to 16 x 16)"
run "$autodidact" gan train --data "$tmp/sizes" --width 16 --batch 4 --size 8 --steps 1 --run "$tmp/sized8"
exits 0
says err "resized to 8 x 8"
run "$autodidact" gan train --data "$tmp/one/rows" --width 16 --batch 4 --steps 1 --run "$tmp/flat"
exits 0
says err "4 pictures of 16 x 16"
refuses() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    run "$autodidact" gan train --width 16 --batch 4 --steps 1 --run "$tmp/new" --quiet "$@"
    exits 1
    one_line err
    says err "$sentence"
    rm -rf "$tmp/new"
}
refuses "holds no data set" --data "$tmp/one/rows" --kind conditional
mkdir -p "$tmp/empty"
refuses "holds no data set" --data "$tmp/empty"
refuses "holds 4 pictures, fewer than a batch of 5" --data "$tmp/one" --batch 5
refuses "--loss wasserstein has no lower bound without --gradient-penalty" --data "$tmp/one" --loss wasserstein
refuses "$tmp/nowhere" --data "$tmp/nowhere"
refuses "a conditional network wants two at least" --data "$tmp/one" --kind conditional
refuses "convolutions draw squares whose side is" --data "$tmp/one" --kind dcgan --size 22
refuses "width 9 is no multiple of 4" --data "$tmp/one" --width 9
refuses "width 9 is halved 1 times" --data "$tmp/one" --width 9 --kind dcgan
run "$autodidact" gan train --resume "$tmp/vanilla" --latent 5
exits 2
says err "--latent cannot change when a run is resumed"

# Another kind's checkpoint in a run's folder.
cp -r "$tmp/dcgan" "$tmp/mixed"
cp "$tmp/vanilla/checkpoints/step-000000020.safetensors" "$tmp/mixed/checkpoints/step-000000020.safetensors"
run "$autodidact" gan train --resume "$tmp/mixed" --steps 30
exits 1
one_line err
says err "mixed/checkpoints/step-000000020.safetensors: generator."
says err "the network expects"

# ---- samples ----

run "$autodidact" gan sample "$tmp/vanilla" -n 70 --seed 1 -o "$tmp/made/" --json --threads 1
exits 0
says out '{"event":"done","output":"'"$tmp"'/made/","pictures":70,"width":16,"height":16}'
check "70 numbered pictures" test "$(ls "$tmp/made" | grep -c '^000[0-9][0-9].png$')" = 70
run "$autodidact" info "$tmp/made/00070.png"
says out "16 x 16, grey"
run "$autodidact" gan sample "$tmp/vanilla" -n 3 --seed 1 -o "$tmp/few/" --threads 2
exits 0
check "a picture depends on its number alone" cmp "$tmp/made/00003.png" "$tmp/few/00003.png"
check "pictures differ" sh -c "! cmp -s '$tmp/made/00002.png' '$tmp/made/00003.png'"
run "$autodidact" gan sample "$tmp/vanilla" -n 3 --seed 2 -o "$tmp/other/"
check "a seed is another picture" sh -c "! cmp -s '$tmp/other/00003.png' '$tmp/few/00003.png'"
run "$autodidact" gan sample "$tmp/vanilla" -n 3 --seed 1 --truncation 0.1 -o "$tmp/truncated/"
check "truncation is another picture" sh -c "! cmp -s '$tmp/truncated/00003.png' '$tmp/few/00003.png'"
run "$autodidact" gan sample "$tmp/vanilla" -n 3 -o "$tmp/few/"
exits 1
says err "holds files already"
run "$autodidact" gan sample "$tmp/conditional" -n 2 --label rows --seed 1 -o "$tmp/rows/"
exits 0
run "$autodidact" gan sample "$tmp/conditional" -n 2 --seed 1 -o "$tmp/turns/"
exits 0
check "classes come in turn" cmp "$tmp/rows/00002.png" "$tmp/turns/00002.png"
check "the label is looked at" sh -c "! cmp -s '$tmp/rows/00001.png' '$tmp/turns/00001.png'"
run "$autodidact" gan sample "$tmp/dcgan" -n 9 -o "$tmp/sheet.png" --numbered --latents "$tmp/z.npy"
exits 0
run "$autodidact" info "$tmp/z.npy"
says out "9"
run "$autodidact" gan sample "$tmp/conditional" --label 8 -o "$tmp/new.png"
exits 1
says err "--label 8: is none of the classes of"
says err ": columns, rows"
run "$autodidact" gan sample "$tmp/vanilla" --label rows -o "$tmp/new.png"
exits 1
says err "has no classes; it was not trained with --conditional"
run "$autodidact" gan sample "$tmp/vanilla" -o "$tmp/new.txt"
exits 1
run "$autodidact" gan sample "$tmp/vanilla" -n 5000 -o "$tmp/new.png"
exits 2
run "$autodidact" gan sample "$tmp/vanilla" -n 0 -o "$tmp/new.png"
exits 2
for seed in -1 1.5 99999999999999999; do
    run "$autodidact" gan sample "$tmp/vanilla" --seed $seed -o "$tmp/new.png"
    exits 2
    says err "--seed: \"$seed\" is not a whole number from 0 to 9e+15"
done
run "$autodidact" gan sample "$tmp/vanilla" --numbered -o "$tmp/made/"
exits 2
run "$autodidact" gan sample "$fixtures/classify.safetensors" -o "$tmp/new.png"
exits 1
one_line err
check "nothing was written" test ! -e "$tmp/new.png" -a ! -e "$tmp/new.txt"
run "$autodidact" explain gan --kind dcgan --size 16 --width 16 --batch 4 --stage graph
exits 0
says out discriminator.net.0.weight
finish
