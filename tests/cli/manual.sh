#!/bin/sh
# manual.sh - the manual page and the completion script that the tables make.
. "$(dirname "$0")/../check.sh"

run "$autodidact" help --man
exits 0
says out '.TH "autodidact" 1'
says out '.SS autodidact info'
cp "$tmp/.out" "$tmp/autodidact.1"
if command -v man >/dev/null && man --version 2>/dev/null | grep -q man; then
    run env LC_ALL=C MANROFFSEQ= MANWIDTH=80 man --warnings -E ascii -l "$tmp/autodidact.1"
    exits 0
    says out 'autodidact convert [options] IN OUT'
    silent err
fi

run "$autodidact" help --completion bash
exits 0
cp "$tmp/.out" "$tmp/completion.bash"

if command -v bash >/dev/null; then
    # What bash would offer: the words before the cursor, then the word at it.
    offers() {
        bash -c '
            . "$1"; shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            cd "$HOME" || exit 1
            _autodidact
            printf "%s\n" "${COMPREPLY[@]}"' offers "$tmp/completion.bash" "$@" >"$tmp/.out" 2>"$tmp/.err"
        status=$?
        command="completing: $*"
    }
    HOME=$tmp/home
    export HOME
    mkdir "$HOME"
    touch "$HOME/photo one.png"
    offers autodidact in
    says out info
    says_not out convert
    silent err
    offers autodidact info --ra
    says out '--raw-names'
    offers autodidact convert --dtype ''
    says out bf16
    says_not out photo
    offers autodidact convert --dtype = b
    says out bf16
    says_not out f32
    offers autodidact version --threads ''
    says_not out photo
    offers autodidact info ph
    says out 'photo one.png'
    offers autodidact help --completion ''
    says out bash
fi
finish
