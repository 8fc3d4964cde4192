# verbs.sh - every verb of the command on the smallest inputs that have all there is to read and write: what
# tests of faults go through. Read with `.` behind check.sh.
#
#     can_disturb             whether preload.c works here
#     make_seed               the inputs, runs and results of before, in $seed
#     each_verb FUNCTION      calls FUNCTION WRITES COMMAND... for each; WRITES: "writes", "trains" or "reads"
#
# Paths are below $seed, which the command is to be run in (or in a copy).
seed=$tmp/seed
# What the user's cache keeps would be there the second time; --cache names a folder of the seed.
export XDG_CACHE_HOME= HOME=

tiny_pictures() { # FOLDER COUNT
    mkdir -p "$1/left" "$1/right"
    i=0
    while [ $i -lt "$2" ]; do
        printf 'P2 4 4 255\n255 %d 0 0 255 9 0 0 255 0 7 0 255 0 0 5\n' $i >"$1/left/$i.pgm"
        printf 'P2 4 4 255\n0 0 %d 255 0 9 0 255 0 0 7 255 1 0 0 255\n' $i >"$1/right/$i.pgm"
        i=$((i + 1))
    done
}

tiny_graph() { # FOLDER
    mkdir -p "$1"
    { echo id,label,a,b
      for i in 0 1 2 3 4 5 6 7 8 9; do echo "n$i,$([ $((i % 2)) = 0 ] && echo even || echo odd),$((i % 2)),1"; done
    } >"$1/nodes.csv"
    { echo source,target
      for i in 0 1 2 3 4 5 6 7 8 9; do echo "n$i,n$(((i + 2) % 10))"; done
    } >"$1/edges.csv"
}

gpt_options="--layers 1 --heads 1 --width 8 --block 8 --batch 2 --steps 3 --sample-tokens 4"
classify_options="--model mlp --batch 4 --steps 3 --size 4"
gan_options="--kind conditional --width 8 --latent 2 --batch 4 --steps 3 --measure 0"
bert_options="--init bert/bare --data texts.tsv --valid texts.tsv --text 1 --label 2 --batch 2 --steps 3"
bert_tags="--init bert/bare --data words.conll --valid words.conll --batch 2 --steps 3"
graph_options="--per-class 2 --width 4 --steps 3"
translate_options="--layers 1 --heads 1 --width 8 --hidden 8 --vocab 260 --batch-tokens 64 --steps 3 --eval-lines 2"
style_options="--size 32 --steps 2"
dream_options="--size 32 --steps 2 --levels 1"

make_seed() {
    mkdir -p "$seed" && cd "$seed" || exit 1
    tiny_pictures pictures/train 4
    tiny_pictures pictures/test 2
    tiny_graph graph
    printf 'a rose is a rose is a rose is a rose is a rose is a rose, and a rose by any name is a rose.\n%.0s' 1 2 3 >text.txt
    cp "$fixtures/tiny_cnn.pth" "$fixtures/weights/arrays.npz" "$fixtures/weights/library.safetensors" \
        "$fixtures/onnx/quantized_13.onnx" "$fixtures/onnx/picture.onnx" "$fixtures/classifiers/channels_last.onnx" \
        "$fixtures/pictures/jpeg-L.jpg" "$fixtures/pictures/png-P.png" "$fixtures/pictures/webp-lossy.webp" .
    cp "$fixtures/films/bt709.mp4" film.mp4
    mkdir shots && cp "$fixtures/pictures/png-RGB.png" shots/1.png && cp shots/1.png shots/2.png
    cp -r "$fixtures/tokenizers/bpe" "$fixtures/gpt2_tiny" "$fixtures/bert" "$fixtures/marian" .
    printf 'the cat\tyes\nthe hat\tno\na cat on the mat\tyes\nmat\tno\n' >texts.tsv
    for picture in photo painting; do
        { printf 'P6 16 16 255\n'; printf "%s." $(seq 1 400); } | head -c 781 >$picture.ppm
    done
    tar cf pictures.tar pictures && gzip -k pictures.tar
    mkdir net && printf 'aaa?aaa?' >net/w && printf '{"w": {"filename": "w", "shape": [2]}}' >net/manifest.json
    tar cf net.tar net && rm -r net
    quietly classify train --data pictures $classify_options --run classify-run
    quietly gpt train --data text.txt $gpt_options --run gpt-run
    quietly graph train --data graph $graph_options --run graph-run
    quietly bert tune $bert_options --run bert-run
    quietly bert search graph n1 --model bert/bare --index index.safetensors # of other times than there are then
    printf 'the O\ncat B-A\n\nmat B-B\n\nthe O\nhat B-A\n' >words.conll
    printf 'the cat\tcat|mat\nthe hat\t\na cat on the mat\tmat\nmat\tcat\n' >labels.tsv
    quietly bert tune --task tags $bert_tags --run bert-tags-run
    quietly gan train --data pictures $gan_options --run gan-run
    printf 'a rose\na red rose\n%.0s' 1 2 3 4 >lines.en
    printf 'eine Rose\neine rote Rose\n%.0s' 1 2 3 4 >lines.de
    quietly translate train --source lines.en --target lines.de $translate_options --run translate-run
    quietly gpt train --data text.txt $gpt_options --steps 2 --run stopped-run
    sed -i 's/"steps": 2/"steps": 4/' stopped-run/config.json
    rm -f stopped-run/result.json
    for file in old.safetensors old.png old.npz old.gguf old.gif old.mp4 old.txt; do echo "what was there" >$file; done
    mkdir figures && echo "what was there" >figures/neighbourhood.svg
    mkdir looks && echo "what was there" >looks/encoder-1.svg
    find . -exec touch -t 202601020304 {} + # how long ago that was must not change from one run to the next
    cd "$tmp" || exit 1
}
quietly() { "$autodidact" "$@" --threads 1 --quiet >"$tmp/.out" 2>&1 || { echo "FAILED $*"; cat "$tmp/.out"; exit 1; }; }

# disturb WRITES COMMAND... -f KIND ...: the command with faults of that kind, which are counted as tests.
disturb() {
    writes=$1
    shift
    words= options=
    while [ "$1" != -f ]; do words="$words $1"; shift; done
    case $words in
    *" runs resume "* | *" train "* | *" train-any "* | *" bert tune "*)
        options=-m
        case $words in *stopped-run*) run=stopped-run ;; *) run=new ;; esac
        set -- "$@" -r "\"$autodidact\" runs resume $run"
        ;;
    *film.mp4* | *" runs film "*.mp4*) options=-l ;;
    " style "* | " dream "*) options="-p old.png" ;;
    esac
    case $words in
    " runs "* | " info "* | " convert "* | " help"* | " version"*) ;;
    *) words="$words --threads 1" ;;
    esac
    "$faults/disturb" -j 2 $options "$@" "$faults/preload.so" "$seed" "$autodidact" $words >"$tmp/.out" 2>&1
    count=$(sed -n '$s/ passed, / /;$s/ failed$//p' "$tmp/.out")
    case $count in *' '*) ;; *) count="0 1" ;; esac
    passed=$((passed + ${count% *})) failed=$((failed + ${count#* }))
    [ "${count#* }" = 0 ] || { echo "FAILED$words"; sed 's/^/  /' "$tmp/.out"; }
}
can_disturb() {
    [ -f "$faults/preload.so" ] && [ "$(LD_PRELOAD="$faults/preload.so" AD_FAULT=alloc:1+ "$autodidact" version 2>&1)" ] &&
        ! LD_PRELOAD="$faults/preload.so" AD_FAULT=alloc:1+ "$autodidact" version >/dev/null 2>&1
}
faults=${BUILD:-build}/tests/faults
case $faults in /*) ;; *) faults=$root/$faults ;; esac

each_verb() {
    "$1" reads version
    "$1" reads help
    "$1" reads help gpt train
    "$1" reads help --man
    "$1" reads help --completion bash
    "$1" reads runs list .
    "$1" reads runs show gpt-run
    "$1" reads runs compare gpt-run stopped-run graph-run
    "$1" writes runs export gpt-run -o old.safetensors
    "$1" writes runs export gpt-run -o old.gguf --dtype q8_0
    "$1" writes runs export gan-run -o old.safetensors --dtype bf16 --keep generator.
    "$1" writes runs film gan-run -o old.gif
    "$1" writes runs film gan-run -o old.mp4 --width 64
    "$1" writes runs film gan-run -o old.png
    "$1" writes runs report classify-run gpt-run
    for file in tiny_cnn.pth arrays.npz library.safetensors jpeg-L.jpg png-P.png webp-lossy.webp photo.ppm pictures pictures.tar.gz net.tar \
        gpt-run/checkpoints/best.safetensors gpt2_tiny/model.safetensors; do
        "$1" reads info $file
    done
    "$1" reads info film.mp4
    "$1" writes film convert film.mp4 old.gif --fps 5
    "$1" writes film convert film.mp4 old.mp4
    "$1" writes film convert shots old.gif
    "$1" writes film flow photo.ppm painting.ppm -o old.png
    "$1" reads film flicker film.mp4 film.mp4
    "$1" reads info quantized_13.onnx
    "$1" writes onnx run picture.onnx photo.ppm -o old.png
    "$1" writes convert tiny_cnn.pth old.safetensors
    "$1" writes convert library.safetensors old.npz --dtype f16
    "$1" writes convert net.tar old.npz
    "$1" trains classify train --data pictures.tar.gz $classify_options --run new
    "$1" trains classify train --data pictures $classify_options --model lenet --size 28 --flip --run new
    "$1" reads classify eval classify-run --data pictures
    "$1" writes classify predict classify-run pictures/test/left/1.pgm --saliency old.png
    "$1" writes classify predict channels_last.onnx photo.ppm --saliency old.png
    "$1" trains gan train --data pictures $gan_options --ema 0.9 --run new
    "$1" trains gan train --data pictures --kind dcgan --conditional --spectral-norm both --self-attention 8 \
        --augment color,translation,cutout --size 16 --width 8 --batch 4 --steps 2 --r1 1 --measure 0 --run new
    "$1" writes gan sample gan-run -n 4 --numbered -o old.png
    "$1" writes gan sample digits -n 4 -o old.png
    "$1" writes gan morph gan-run 1 2 --frames 3 -o old.gif
    "$1" writes gan morph gan-run 1 2 3 4 --grid --frames 3 -o old.png
    "$1" writes gan mix gan-run 1,2-3 -o old.png
    "$1" writes gan eval gan-run --classifier classify-run -n 16 --cache kept -o old.png
    "$1" writes gan project gan-run photo.ppm --tries 4 --starts 2 --steps 2 -o old.png
    "$1" trains gpt train --data text.txt $gpt_options --ema 0.9 --run new
    "$1" trains gpt train --data text.txt $gpt_options --tokenizer bpe --run new
    "$1" trains gpt train --data text.txt --init gpt-run --batch 2 --steps 3 --sample-tokens 4 --run new
    "$1" trains gpt train --resume stopped-run
    "$1" trains runs resume stopped-run
    "$1" reads gpt sample gpt-run --tokens 4
    "$1" reads gpt eval gpt-run text.txt
    "$1" trains bert tune $bert_options --run new
    "$1" trains bert tune --init bert/roberta --data texts.tsv --text 1 --label 2 --batch 2 --steps 3 --pooling cls --run new
    "$1" trains bert tune --task tags $bert_tags --layer-decay 0.9 --run new
    "$1" trains bert tune --task labels --init bert/bare --data labels.tsv --valid labels.tsv --text 1 --label 2 --batch 2 --steps 3 --run new
    "$1" trains bert train --data text.txt --tokenizer bert/bert --layers 1 --heads 1 --width 8 --length 8 --batch 2 --steps 3 --run new
    "$1" reads bert eval bert-run --on texts.tsv
    "$1" reads bert eval bert-tags-run --on words.conll
    "$1" reads bert predict bert-run text.txt
    "$1" reads bert predict bert-tags-run lines.en
    "$1" writes bert embed bert/bare text.txt -o old.npz
    "$1" reads bert fill bert/distilbert [MASK]
    "$1" writes bert search graph n1 --model bert/bare --index index.safetensors
    "$1" trains translate train --source lines.en --target lines.de $translate_options --run new
    "$1" writes translate run translate-run -i lines.en -o old.txt --align
    "$1" writes translate eval translate-run --source lines.en --target lines.de --beam 2 -o old.txt
    "$1" writes translate show translate-run rose --translation Rose -o looks
    "$1" writes translate run marian/shared -i lines.en -o old.txt --beam 2
    "$1" trains graph train --data graph $graph_options --run new
    "$1" trains graph train --data graph $graph_options --model gat --heads 1 --run new
    "$1" reads graph predict graph-run --data graph --split all
    "$1" writes graph show graph-run --data graph -o figures
    "$1" trains style train --style painting.ppm --data photo.ppm --width 4 --blocks 1 --crop 64 --style-size 64 --batch 1 --steps 3 --run new
    "$1" trains style train --style painting.ppm,photo.ppm --data photo.ppm --width 4 --blocks 1 --crop 64 --style-size 64 --batch 2 --temporal --steps 3 --run new
    "$1" trains style train-any --data photo.ppm --styles painting.ppm --width 8 --crop 64 --batch 1 --steps 3 --run new
    "$1" writes style apply any photo.ppm painting.ppm --style-size 32 -o old.png
    "$1" writes style make photo.ppm painting.ppm $style_options -o old.png
    "$1" writes style make film.mp4 painting.ppm $style_options --to 0.15 --mask shots -o old.mp4
    "$1" writes style apply starry_night photo.ppm --style-mix starry_night:1,great_wave:2 -o old.png
    "$1" writes style reconstruct photo.ppm --layer relu1_1 $style_options -o old.png
    "$1" writes dream make photo.ppm $dream_options --guide painting.ppm -o old.png
    "$1" writes style apply picture.onnx photo.ppm --white 1 -o old.png
    "$1" writes style apply picture.onnx shots --white 1 -o old.gif
    "$1" writes dream make shots $dream_options -o old.gif
    "$1" writes dream layers --layer relu1_1 --channels 2 $dream_options -o old.png
    "$1" reads explain gpt --layers 1 --heads 1 --width 8 --block 8
    "$1" reads explain classify --model lenet
    "$1" reads explain bert --layers 1 --heads 1 --width 8 --hidden 8 --length 8 --batch 2
    "$1" reads explain gan --width 8 --batch 4
    "$1" reads explain graph --data graph
    "$1" reads explain translate --layers 1 --heads 1 --width 8 --batch-tokens 64
    "$1" reads explain style --size 32
}
