#!/bin/sh
# version.sh - the version, in words and as JSON; and what happens when output cannot be written.
. "$(dirname "$0")/../check.sh"

version=$(sed -n 's/^#define AD_VERSION_[MP][A-Z]* *\([0-9]*\)$/\1/p' "$root/include/autodidact/base.h" | paste -sd.)
run "$autodidact" version
exits 0
says out "autodidact $version"
says out 'cpu'
says out 'threads'
silent err

run "$autodidact" --version
exits 0
says out "autodidact $version"

run "$autodidact" version --json --threads 3
exits 0
says out "{\"event\":\"version\",\"version\":\"$version\""
says out '"threads":3'
one_line out

run env AUTODIDACT_ISA=scalar "$autodidact" version
exits 0
says out 'kernels    scalar'
run env AUTODIDACT_ISA=mmx "$autodidact" version
exits 2
says err 'AUTODIDACT_ISA: "mmx" is none of what this processor has: scalar'

if [ -w /dev/full ]; then
    status=0
    "$autodidact" version >/dev/full 2>"$tmp/.err" || status=$?
    command='version >/dev/full'
    exits 1
    says err 'autodidact: standard output could not be written'
    one_line err
fi
if [ -e /dev/fd ]; then
    status=0
    "$autodidact" version >&- 2>"$tmp/.err" || status=$?
    command='version >&-'
    exits 1
    says err 'autodidact: standard output could not be written'
fi

finish
