#!/bin/sh
# export.sh - a small language model and a small classifier in every form that `runs export` and `convert` write: what
# reads it again finds all that belongs to it, and what a form cannot hold is said.
. "$(dirname "$0")/../check.sh"
cd "$tmp" || exit 1
i=0
while [ $i -lt 40 ]; do
    echo "$i bottles of beer on the wall, $i böttles of beer; take one down and pass it around."
    i=$((i + 1))
done >beer.txt

sample() { "$autodidact" gpt sample "$1" --prompt '7 b' -t 0 -n 40 >"$2" 2>/dev/null; }
for arch in gpt2 llama; do
    for tokenizer in char bpe byte; do
        [ $arch = gpt2 ] || [ $tokenizer = char ] || continue
        rm -rf run
        run "$autodidact" gpt train --data beer.txt --run run --arch $arch --layers 2 --heads 2 --width 32 --block 32 \
            --batch 4 --steps 40 --tokenizer $tokenizer --vocab 300 --sample-tokens 0 -q
        exits 0
        sample run expected
        for form in safetensors npz gguf; do
            run "$autodidact" runs export run -o model.$form
            exits 0
            one_line err
            sample model.$form got
            check "$arch with $tokenizer: the same text from .$form" cmp expected got
        done
        rm -rf model
        run "$autodidact" runs export run -o model/
        exits 0
        check 'config.json' grep -q "\"model_type\": \"$arch\"" model/config.json
        check 'tokenizer.json' grep -q '"added_tokens"' model/tokenizer.json
        check 'tokenizer_config.json' grep -q 'PreTrainedTokenizerFast' model/tokenizer_config.json
        sample model got
        check "$arch with $tokenizer: the same text from a folder" cmp expected got
        # without our own metadata it is any model of transformers'
        run "$autodidact" convert model bare.npz
        exits 0
        run "$autodidact" convert model.gguf again.safetensors
        exits 0
        says err 'renamed: '
        sample again.safetensors got
        check "$arch with $tokenizer: the same text from .gguf and back" cmp expected got
    done
done

# Types. A matrix whose rows are no whole blocks would be f16; a vector stays f32.
run "$autodidact" runs export run -o q.gguf --dtype q8_0
exits 0
run "$autodidact" info q.gguf
says out 'Q8_0'
run "$autodidact" info q.gguf --json
says out '"name":"model.norm.weight","raw_name":"output_norm.weight","dtype":"f32","stored":"F32"'
run "$autodidact" gpt sample q.gguf --prompt '7 b' -n 5
exits 0
run "$autodidact" convert q.gguf wide.safetensors
exits 0
says err ' from Q8_0 to f32'
run "$autodidact" runs export run -o q.npz --dtype q8_0
exits 1
says err 'q.npz: only .gguf holds q8_0'
run "$autodidact" runs export run -o folder/ --dtype q8_0
exits 1
check 'no folder was made' test ! -e folder
run "$autodidact" runs export run -o model.onnx
exits 1
says err 'model.onnx: the name does not end in .safetensors, .npz, .npy or .gguf'

# Training may start from a GGUF file.
run "$autodidact" gpt train --data beer.txt --init model.gguf --run more --steps 2 --sample-tokens 0 -q
exits 0

# A checkpoint that is converted loses what only training reads, which is said.
run "$autodidact" convert run/checkpoints/step-000000040.safetensors step.npz
exits 0
says err 'of training left out'

# Nothing is written over what is read, nor over a run.
cp -r run whole
run "$autodidact" convert whole/checkpoints/step-000000040.safetensors ./whole/checkpoints/step-000000040.safetensors
exits 1
says err 'is what is read; the output takes a name of its own'
run "$autodidact" runs export whole -o whole/checkpoints/best.safetensors
exits 1
run "$autodidact" runs export whole -o whole
exits 1
says err 'whole: is a run, whose files would be written over'
run "$autodidact" convert model.gguf run/
exits 1
check 'the run is as it was' diff -r run whole

# A folder is a language model, or it is said why not.
mkdir none
echo '{"model_type": "bert", "vocab_size": 5}' >none/config.json
run "$autodidact" convert "$fixtures/tiny_cnn.pth" none/model.safetensors
exits 0
run "$autodidact" convert none none.gguf
exits 1
says err 'model_type is bert'
run "$autodidact" convert "$fixtures/tiny_cnn.pth" tiny/
exits 1
says err 'tiny/: only a language model becomes a folder; '
check 'no folder was made' test ! -e tiny

# From GGUF to GGUF nothing is renamed.
run "$autodidact" convert model.gguf same.gguf
exits 0
says_not err renamed
check 'the same bytes' cmp model.gguf same.gguf

# What a GGUF file does not say.
head -c 300 model.gguf >cut.gguf
run "$autodidact" gpt sample cut.gguf
exits 1
says err 'autodidact: cut.gguf: '
run "$autodidact" gpt sample "$fixtures/gguf/types.gguf"
exits 1
says err 'general.architecture is none, expected gpt2 or llama'
run "$autodidact" gpt sample "$fixtures/gguf/gpt2_tiny.gguf"
exits 1
says err 'name one with --tokenizer'
run "$autodidact" convert "$fixtures/gguf/types.gguf" types.npz
exits 1
says err 'tensor Q4_K: its type Q4_K cannot be read'

# A classifier takes the names of its classes along.
mkdir -p data/left data/right
i=0
while [ $i -lt 12 ]; do
    printf 'P2 2 2 9\n9 %d 9 0\n' $((i % 3)) >data/left/$i.pgm
    printf 'P2 2 2 9\n0 9 %d 9\n' $((i % 3)) >data/right/$i.pgm
    i=$((i + 1))
done
run "$autodidact" classify train --data data --run net --model mlp --val 0 --steps 20 --batch 8 -q
exits 0
run "$autodidact" classify predict net data/left/1.pgm --top 1
cp .out expected
for form in safetensors npz gguf; do
    run "$autodidact" runs export net -o net.$form
    exits 0
    run "$autodidact" classify predict net.$form data/left/1.pgm --top 1
    exits 0
    check "the same class from .$form" cmp expected .out
done
run "$autodidact" runs export net -o network/
exits 1
says err 'transformers'

finish
