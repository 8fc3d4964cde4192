#!/bin/sh
# usage.sh - help everywhere, and wrong usage: exit status 2, one line, the nearest name.
. "$(dirname "$0")/../check.sh"

run "$autodidact"
exits 0
says out 'usage: autodidact VERB'
says out 'info FILE'
says out 'convert IN OUT'
silent err

run "$autodidact" --help
exits 0
says out 'usage: autodidact VERB'

# Every verb of the overview explains itself, and within 100 columns.
"$autodidact" | sed -n 's|^  \([a-z].*\)|\1|p' | sed 's|  .*||; s| [[A-Z].*||' >"$tmp/verbs"
check 'the overview lists verbs' test -s "$tmp/verbs"
while read -r first second _; do
    case $second in [a-z]*) ;; *) second= ;; esac
    run "$autodidact" "$first" ${second:+"$second"} --help
    exits 0
    says out "usage: autodidact $first"
    silent err
    check "help of $first $second fits 100 columns" sh -c "! grep -E '.{101}' '$tmp/.out'"
    run "$autodidact" help "$first" ${second:+"$second"}
    exits 0
    says out "usage: autodidact $first"
done <"$tmp/verbs"

wrong() { # EXPECTED WORD...
    expected=$1
    shift
    run "$autodidact" "$@"
    exits 2
    says err "$expected"
    one_line err
    silent out
}
wrong 'autodidact: unknown command "inof"; did you mean "info"?' inof
wrong 'autodidact: unknown command "xyzzy" ("autodidact --help" lists them)' xyzzy
wrong 'autodidact: unknown option "--hepl"' --hepl
wrong 'autodidact: unknown option --jsno; did you mean --json?' info --jsno file
wrong 'autodidact: unknown option -x' version -x
wrong 'autodidact: FILE is missing (usage: autodidact info [options] FILE)' info
wrong 'autodidact: OUT is missing' convert in
wrong 'autodidact: unexpected operand "b"' info a b
wrong 'autodidact: --threads: "none" is not a whole number from 1 to 1024' version --threads none
wrong 'autodidact: --threads: "-1" is not a whole number from 1 to 1024' version --threads -1
wrong 'autodidact: --threads: "1000000" is not a whole number from 1 to 1024' version --threads=1000000
wrong 'autodidact: --threads needs a value (N)' version --threads
wrong 'autodidact: --dtype: "f31" is not one of f32, f16, bf16, f64' convert a b --dtype f31
wrong 'autodidact: --json takes no value' version --json=no
wrong 'autodidact: --completion: "fish" is not one of bash' help --completion fish
wrong 'autodidact: unknown command "versoin"; did you mean "version"?' help versoin

# Who read the output may go, as head does.
: >"$tmp/.out"
{ sleep 0.3; "$autodidact" help --man; echo $? >"$tmp/.out"; } 2>"$tmp/.err" | true
says out 141
silent err

# Control characters of an argument do not reach the terminal.
run "$autodidact" "$(printf 'in\033[31mfo')"
exits 2
check 'escape characters are written out' sh -c "! grep -q '$(printf '\033')' '$tmp/.err'"
says err 'unknown command "in\x1b[31mfo"'

finish
