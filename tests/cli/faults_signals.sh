#!/bin/sh
# faults_signals.sh: every verb that writes gets each signal that people and systems send, at moments over its whole
# course: the old file stays, no half of a new one, what can be tidied up is, and training goes on from there
# (train_kill.sh does that at length). AD_FAULTS_ALL=1 tries more moments.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
can_disturb || { skip "faults cannot be put in front of this C library"; good; finish; exit; }
make_seed
moments=7
[ -z "${AD_FAULTS_ALL:-}" ] || moments=700
disturb_with() { [ "$1" = reads ] || disturb "$@" -f signal -n $moments; }
each_verb disturb_with
finish
