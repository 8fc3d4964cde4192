# check.sh - checks for tests of the command and of the installed library, read with `.` by the scripts
# of tests/cli and tests/library.
#
#     run "$autodidact" info x.pth     runs it; its status, output and errors are kept
#     exits 2                          its exit status
#     says err 'autodidact: ...'       a part of what it wrote (out or err)
#     says_not out text; silent err; one_line err
#     check 'what holds' command...    any command that must succeed
#     finish                           prints "N passed, N failed"
#
# $tmp is an empty folder that is removed at the end, $autodidact the command, $examples the folder of
# built examples, $root the sources. The library can be built without the command and some components:
# $components names those that are there, and with_command=no before reading this file says that the
# script does without the command.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
autodidact=${AUTODIDACT:-build/autodidact}
case $autodidact in /*) ;; *) autodidact=$root/$autodidact ;; esac
examples=${EXAMPLES:-build/examples}
case $examples in /*) ;; *) examples=$root/$examples ;; esac
fixtures=$root/tests/fixtures
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
export XDG_CACHE_HOME="$tmp/.cache" # not the user's
components=" ${COMPONENTS-png jpeg webp zip jansson archive pcre2 utf8proc protobuf-c libav} "
has() { case $components in *" $1 "*) ;; *) false ;; esac; }
[ -x "$autodidact" ] || [ "${with_command:-yes}" = no ] || { echo "$autodidact is not there"; exit 1; }
passed=0 failed=0 status=0 command=

run() {
    command="$*"
    "$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null
    status=$?
}

good() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAILED $1"
    [ -z "$command" ] || echo "  after: $command (exit status $status)"
    sed 's/^/  out: /' "$tmp/.out" 2>/dev/null | head -5
    sed 's/^/  err: /' "$tmp/.err" 2>/dev/null | head -5
}

exits() { if [ "$status" = "$1" ]; then good; else bad "exit status $status, expected $1"; fi; }
skip() { echo "skipped: $1"; }
says() { if grep -qF -- "$2" "$tmp/.$1"; then good; else bad "$1 does not say: $2"; fi; }
says_not() { if grep -qF -- "$2" "$tmp/.$1"; then bad "$1 says: $2"; else good; fi; }
silent() { if [ -s "$tmp/.$1" ]; then bad "$1 is not empty"; else good; fi; }
one_line() { if [ "$(wc -l <"$tmp/.$1")" -eq 1 ]; then good; else bad "$1 is not one line"; fi; }
check() {
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then good; else bad "$what"; fi
}
finish() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}
