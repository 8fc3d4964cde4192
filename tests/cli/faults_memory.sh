#!/bin/sh
# faults_memory.sh: every verb with memory refused, to the libraries that it stands on as well: at each of some
# moments over its whole course, once or from then on. It does its work, or says in a sentence that it cannot, and
# then what was there is there still. AD_FAULTS_ALL=1 tries every allocation, which takes hours.
. "$(dirname "$0")/../check.sh"
. "$root/tests/faults/verbs.sh"
can_disturb || { skip "faults cannot be put in front of this C library"; good; finish; exit; }
make_seed
disturb_with() { disturb "$@" -f alloc -n 6; }
each_verb disturb_with
finish
