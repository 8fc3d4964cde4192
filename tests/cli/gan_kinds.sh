#!/bin/sh
# gan_kinds.sh: `gan train` with residual networks, critics with a penalty, spectral norm, attention, classes and
# augmentation on small pictures made here: what a kind brings, the same bytes after kill -9 and with any number of
# threads, samples by label, advice where one player wins or samples are alike, NaN, and everything that is refused.
. "$(dirname "$0")/../check.sh"

mkdir -p "$tmp/data/rows" "$tmp/data/columns"
i=0
while [ $i -lt 24 ]; do
    awk -v n=$i 'BEGIN {
        print "P2 16 16 255"
        for (y = 0; y < 16; ++y) {
            for (x = 0; x < 16; ++x) printf "%d ", (n % 2 ? x : y) == int(n / 2) % 16 ? 240 : 10 + (n + x) % 7
            print ""
        }
    }' >"$tmp/data/$([ $((i % 2)) = 0 ] && echo rows || echo columns)/$i.pgm"
    i=$((i + 1))
done
common="--data $tmp/data --width 16 --latent 4 --batch 8 --log-every 1"

# ---- what a kind brings ----

run "$autodidact" gan train --help
exits 0
tr -s ' \n' '  ' <"$tmp/.out" >"$tmp/help"
for text in "default bce, with --kind wgan-gp wasserstein, with --kind resnet hinge" "default 2e-4, with --kind wgan-gp 1e-4" \
    "default none, with --kind resnet discriminator" "color, translation, cutout"; do
    check "help says: $text" grep -qF -- "$text" "$tmp/help"
done
run "$autodidact" gan train $common --kind wgan-gp --steps 10 --critic-steps 2 --lr 3e-4 --run "$tmp/critic"
exits 0
says err "--kind wgan-gp brings --loss wasserstein --gradient-penalty 10 --optimizer adam:beta1=0,beta2=0.9"
check "it is said once" test "$(grep -c brings "$tmp/.err")" = 1
for text in '"loss": *"wasserstein"' '"critic-steps": *2' '"lr": *0.0003' '"gradient-penalty": *10'; do
    check "the run's config has $text" grep -q "$text" "$tmp/critic/config.json"
done
check "the generator moves every second step" test "$(grep -c '"generator/loss":[-0-9]' "$tmp/critic/metrics.jsonl")" = 5
tr -d '\n' <"$tmp/critic/report.html" >"$tmp/page"
check "the report has the critic's scores at each step" grep -qE '"title":"discriminator/right"[^]]*"x":\[1,2,3,4,5,6,7,8,9,10\]' "$tmp/page"
check "and the generator's losses where it moved" grep -qE '"title":"generator/loss"[^]]*"x":\[2,4,6,8,10\]' "$tmp/page"
run "$autodidact" gan train --resume "$tmp/critic" --steps 12
exits 0
says_not err brings
check "a resumed run stays as it was" grep -q '"critic-steps": *2' "$tmp/critic/config.json"
run "$autodidact" info "$tmp/critic/checkpoints/best.safetensors"
says_not out "discriminator.net.3.running_var"

# ---- all at once: killed, and resumed with other threads ----

all="--kind resnet --conditional --spectral-norm both --self-attention 8 --augment color,translation,cutout
    --gradient-penalty 1 --critic-steps 2 --ema 0.9 --steps 24 --eval-every 6 --checkpoint-every 6 --quiet"
run "$autodidact" gan train $common $all --threads 1 --run "$tmp/whole"
exits 0
silent err
"$autodidact" gan train $common $all --threads 2 --run "$tmp/killed" >/dev/null 2>&1 &
process=$!
while [ ! -e "$tmp/killed/checkpoints/step-000000012.safetensors" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -9 $process 2>/dev/null
wait $process 2>/dev/null
run "$autodidact" gan train --resume "$tmp/killed" --threads 3 --quiet
exits 0
for file in checkpoints/step-000000024.safetensors checkpoints/best.safetensors samples/made-000000024.png; do
    check "$file is the same after kill -9" cmp "$tmp/whole/$file" "$tmp/killed/$file"
done
run "$autodidact" info "$tmp/whole/checkpoints/best.safetensors"
for name in generator.blocks.0.conv1.weight_orig generator.blocks.0.conv1.weight_u generator.blocks.1.norm2.scale.weight \
    generator.attention.gamma discriminator.attention.query.weight_u discriminator.blocks.3.conv2.bias \
    discriminator.classes.weight_orig; do
    says out $name
done
for what in "--spectral-norm none" "--spectral-norm discriminator" "--self-attention 8 --spectral-norm none" "--augment cutout"; do
    run "$autodidact" gan train $common --kind resnet --critic-steps 1 --steps 1 --quiet $what --run "$tmp/one"
    exits 0
    tail -1 "$tmp/one/metrics.jsonl" | sed 's/"seconds":[0-9.]*//' >>"$tmp/differ"
    rm -rf "$tmp/one"
done
check "each of them changes the step" test "$(sort -u "$tmp/differ" | wc -l)" = 4

# ---- by label ----

for label in rows columns; do
    run "$autodidact" gan sample "$tmp/whole" -n 4 --label $label -o "$tmp/$label/"
    exits 0
done
check "the label is looked at" sh -c "! cmp -s '$tmp/rows/00001.png' '$tmp/columns/00001.png'"
run "$autodidact" gan sample "$tmp/whole" -n 4 --label $label -o "$tmp/again/" --threads 3
check "the same with three threads" cmp "$tmp/columns/00004.png" "$tmp/again/00004.png"
run "$autodidact" gan morph "$tmp/whole" 1:rows 2:columns -o "$tmp/way.png" --frames 3
exits 0
run "$autodidact" gan mix "$tmp/whole" "1,2 - 3 + 4" -o "$tmp/sum.png"
exits 0
run "$autodidact" gan sample "$tmp/whole" --label 8 -o "$tmp/new.png"
exits 1
says err "--label 8: is none of the classes of"
says err ": columns, rows"

# ---- advice ----

# A generator that is trained once.
run "$autodidact" gan train $common --lr 2e-3 --critic-steps 1000 --steps 1080 --eval-every 40 --run "$tmp/sure"
exits 0
says err "the discriminator wins: of a real and a made picture the discriminator knows which is which"
says err "Try --r1 1, or --spectral-norm discriminator, or --augment color,translation,cutout"
says err "at step 1080 samples are alike: their distance from each other is"
says err "modes vanish. Try --kind wgan-gp, or --r1 1, or a larger --batch"
says_not err "generator wins"
check "each is said once" test "$(ls "$tmp/sure/samples" | grep -c advice)" = 2
check "the report shows it" grep -q "the discriminator wins" "$tmp/sure/report.html"
run "$autodidact" gan train --resume "$tmp/sure" --steps 1120
exits 0
says_not err "at step"
# A discriminator that may not have a slope.
run "$autodidact" gan train $common --kind dcgan --r1 1e6 --steps 400 --eval-every 50 --run "$tmp/flat"
exits 0
says err "the generator wins: of a real and a made picture the discriminator knows which is which"
says err "less of the penalty"

# ---- NaN ----

run "$autodidact" gan train $common --loss hinge --optimizer sgd --lr 1000 --momentum 0 --steps 90 --quiet --run "$tmp/lost"
exits 1
one_line err
says err "the generator/loss is"
says err "is not finite"
says err "the checkpoint of step 0 is intact"
run "$autodidact" gan sample "$tmp/lost" -n 1 -o "$tmp/lost.png"
exits 0
run "$autodidact" gan train $common --r1 1e6 --optimizer sgd --lr 1000 --momentum 0 --critic-steps 1000 --steps 90 --quiet --run "$tmp/lost2"
exits 1
one_line err
says err "the discriminator/loss is"

# ---- what is refused ----

refuses() { # SENTENCE OPTIONS...
    sentence=$1
    shift
    run "$autodidact" gan train $common --steps 1 --run "$tmp/new" --quiet "$@"
    exits 1
    one_line err
    says err "$sentence"
    rm -rf "$tmp/new"
}
refuses "--augment cutot: expected color, translation, cutout" --augment color,cutot
refuses "--self-attention 4: no map has this side; for pictures of 16 x 16 they have 8" --kind resnet --self-attention 4
refuses "--self-attention is of convolutions" --self-attention 8
refuses "--loss wasserstein has no lower bound" --kind wgan-gp --gradient-penalty 0
refuses "convolutions draw squares whose side is" --kind resnet --size 22
refuses "width 9 is halved 1 times" --kind resnet --width 9
run "$autodidact" gan train --resume "$tmp/whole" --self-attention 4
exits 2
says err "--self-attention cannot change when a run is resumed"
run "$autodidact" explain gan --kind resnet --size 16 --width 16 --batch 4 --self-attention 8 --conditional --stage graph
exits 0
says out discriminator.attention.query
finish
