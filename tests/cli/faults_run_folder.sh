#!/bin/sh
# faults_run_folder.sh: a run's folder as a stranger may hand it over - files that are missing, of another kind, links,
# pipes, folders, of any size and content - through every verb that opens one: each ends within a minute, without a
# crash, in its work or in one sentence; nothing outside of the folder is written, and no escape reaches the terminal.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
make_seed
cd "$seed" || exit 1
echo untouched >"$tmp/outside"
mkdir "$tmp/outside-folder"

# Whatever it does with the run, it does in order.
orderly() {
    run timeout 60 "$autodidact" "$@"
    case $status in
    0 | 1 | 2) good ;;
    *) bad "exit status $status of $*" ;;
    esac
    [ $status = 0 ] || check "one sentence of: $* ($(head -c 300 "$tmp/.err"))" \
        [ "$(grep -c '^autodidact: ' "$tmp/.err")" = 1 ]
    check 'no escape' sh -c "! cat '$tmp/.out' '$tmp/.err' | tr -d '\n\t' | LC_ALL=C grep -q '[[:cntrl:]]'"
}
each_verb_of_runs() { # RUN
    orderly runs show "$1"
    orderly runs show "$1" --json
    orderly runs list .
    orderly runs compare "$1" gpt-run
    orderly runs report "$1"
    orderly runs export "$1" -o "$tmp/exported.safetensors"
    orderly gpt sample "$1" --tokens 2
    orderly runs resume "$1"
    orderly gpt train --resume "$1" --steps 3
}
hostile() { # WHAT: then a command makes it, in the folder of a run that was stopped
    scene=$1
    shift
    cp -r "$seed/stopped-run" hostile-run
    (cd hostile-run && eval "$*") || bad "cannot make: $scene"
    failed_before=$failed
    each_verb_of_runs hostile-run
    [ $failed = $failed_before ] || echo "  with: $scene"
    rm -rf hostile-run
    check "$scene: nothing outside is written" [ "$(cat "$tmp/outside")" = untouched ]
    check "$scene: no file in another folder" [ -z "$(ls "$tmp/outside-folder")" ]
}
edit() { sed -i "$2" "$1"; }

for file in config.json result.json metrics.jsonl log.txt report.html run.lock; do
    hostile "$file is a link out" "rm -f $file; ln -s '$tmp/outside' $file"
    hostile "$file is a pipe" "rm -f $file; mkfifo $file"
    hostile "$file is a folder" "rm -f $file; mkdir $file"
    hostile "$file is empty" ": >$file"
    hostile "$file is a link to itself" "rm -f $file; ln -s $file $file"
done
for folder in checkpoints samples; do
    hostile "$folder is a link out" "rm -rf $folder; ln -s '$tmp/outside-folder' $folder"
    hostile "$folder is a file" "rm -rf $folder; echo >$folder"
    hostile "$folder is a pipe" "rm -rf $folder; mkfifo $folder"
done
newest=checkpoints/step-000000002.safetensors
hostile 'checkpoints are links out' "for f in checkpoints/*; do rm \$f; ln -s '$tmp/outside' \$f; done"
hostile 'checkpoints are pipes' 'for f in checkpoints/*; do rm $f; mkfifo $f; done'
hostile 'a checkpoint is cut short' "truncate -s -7 $newest; rm checkpoints/best.safetensors"
hostile 'a checkpoint of a huge header' "printf '\377\377\377\377\377\377\377\177' | dd of=$newest conv=notrunc 2>/dev/null"
hostile 'a checkpoint of a step beyond' "mv $newest checkpoints/step-999999999.safetensors"
hostile 'a checkpoint whose step is no number' "mv $newest checkpoints/step-00000000a.safetensors; touch checkpoints/step-.safetensors"

config() { hostile "$1" "edit config.json '$2'"; }
config 'a setting of another type' 's/"lr": [0-9.e-]*/"lr": {"a": [1, 2]}/'
config 'a setting that is a list' 's/"steps": 4/"steps": [4]/'
config 'a huge setting' 's/"steps": 4/"steps": 1e308/'
config 'a setting beyond integers' 's/"steps": 4/"steps": 99999999999999999999999999/'
config 'a negative setting' 's/"steps": 4/"steps": -4/'
config 'a width that takes all memory' 's/"width": 8/"width": 1000000000/'
config 'a duplicated key' 's/"steps": 4/"steps": 4, "steps": 5/'
config 'an unknown key with an escape' 's/"steps": 4/"steps": 4, "\\u001b[31mred": 5/'
config 'data at a path with an escape' 's/text.txt/te\\u001b]0;title\\u0007xt.txt/g'
config 'data that are everything' 's|"text.txt"|"/"|g'
config 'process options' "s|\"steps\": 4|\"steps\": 4, \"profile\": \"$tmp/outside\", \"tune\": true, \"wisdom\": \"$tmp/outside\", \"run\": \"$tmp/outside-folder/x\"|"
config 'an init that is a pipe' 's|"init": null|"init": "pipe"|'
config 'another system' 's/"gpt"/"graph"/'
config 'no options' 's/"options"/"option"/'
config 'numbers for texts' 's/"system": "gpt"/"system": 3/'
many() { seq -f "$1" 1 200000 | tr '\n' ,; } # a list's worth of these
hostile 'a config of 5 MB' "{ printf '{\"options\": {'; many '\"k%.0f\": [[[[1]]]]'; printf '\"z\": 1}}'; } >config.json"
hostile 'a result of 5 MB' "{ printf '{\"state\": \"finished\", \"results\": {'; many '\"r%.0f\": 1.5'; printf '\"z\": 1}}'; } >result.json"
hostile 'changes of 5 MB' "{ printf '{\"options\": {\"a\": 1}, \"changed\": ['; many '\"c%.0f\"'; printf '\"z\"]}'; } >config.json"
hostile 'a config of deep nesting' 'head -c 1000000 /dev/zero | tr "\0" "[" >config.json'
hostile 'a config of other bytes' 'head -c 10000 "$autodidact" >config.json'
hostile 'numbers that are none' 'printf "{\"step\": 1, \"loss\": NaN}\n{\"step\": 2, \"loss\": 1e999}\n{\"step\": -1}\n{\"step\": 9e99, \"x\": 1}\nnull\n[1\n" >metrics.jsonl'
hostile 'names with escapes' 'printf "{\"step\": 1, \"epoch\": 0, \"seconds\": 0, \"\\\\u001b[2J\\\\u202eevil\": 1, \"\": 2}\n" >metrics.jsonl'
hostile 'a result of other types' 'echo "{\"state\": [], \"results\": 3, \"error\": {}}" >result.json'
hostile 'a result of huge numbers' 'echo "{\"state\": \"finished\", \"results\": {\"a\": 1e308, \"a\": -1e308, \"\\u001b[1m\": 1}}" >result.json'
hostile 'an error with escapes' 'echo "{\"state\": \"failed\", \"error\": \"\\u001b]0;x\\u0007 \\n two lines\"}" >result.json'
mv stopped-run "$(printf 'a\033[31m run')" && cp -r "$(printf 'a\033[31m run')" stopped-run
each_verb_of_runs "$(printf 'a\033[31m run')"
finish
