#!/bin/sh
# faults_writes.sh: every verb that writes, with a disk that is full after some bytes, with writes that take a few
# bytes or are interrupted, and where flushing, renaming or closing fails: the old file stays, and no half of a new
# one. AD_FAULTS_ALL=1 tries more moments.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
can_disturb || { skip "faults cannot be put in front of this C library"; good; finish; exit; }
make_seed
moments=2
[ -z "${AD_FAULTS_ALL:-}" ] || moments=200
disturb_with() {
    [ "$1" != reads ] || return 0
    disturb "$@" -f write -n $moments
    disturb "$@" -f break
}
each_verb disturb_with
finish
