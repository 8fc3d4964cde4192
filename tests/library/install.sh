#!/bin/sh
# install.sh - `make install` into an empty folder: what is there; that the line of the README builds every
# example against it, with each compiler, with the shared and with the static library; and that `make uninstall`
# leaves nothing.
with_command=no
. "$(dirname "$0")/../check.sh"
cd "$root" || exit 1
cc=${CC:-gcc}

install_to() { make -s "$1" DESTDIR="$tmp/root" PREFIX=/opt/autodidact ${BUILD:+BUILD="$BUILD"} CC="$cc"; }
run install_to install
exits 0
p=$tmp/root/opt/autodidact
command_files="bin/autodidact share/man/man1/autodidact.1 share/bash-completion/completions/autodidact"
has jansson || command_files=
for file in lib/libautodidact.a lib/libautodidact.so lib/pkgconfig/autodidact.pc $command_files; do
    check "$file is installed" test -s "$p/$file"
done
public=${PUBLIC:-$(ls include/autodidact/*.h)}
for header in $public; do
    check "$header is installed" cmp "$header" "$p/$header"
done
# shellcheck disable=SC2086
check 'no other header is' test "$(ls "$p/include/autodidact" | wc -l)" = "$(echo $public | wc -w)"
if has jansson; then
    run "$p/bin/autodidact" version
    exits 0
    check 'the binary is stripped and under 10 MB' test "$(wc -c <"$p/bin/autodidact")" -lt 10485760
fi

# The line of the README, and flags behind it.
build() { # COMPILER EXAMPLE pkg-config's flags; flags
    with=$1 what=$2 flags=$3
    shift 3
    # shellcheck disable=SC2046,SC2086
    $with -o "$tmp/$what" "examples/$what.c" $(pkg-config --cflags --libs $flags autodidact) "$@"
}

start() { # EXAMPLE
    case $1 in
    run_pth) set -- "$1" "$fixtures/tiny_cnn.pth" ;;
    plots) set -- "$1" "$tmp" ;;
    autoencoder) set -- "$1" --help ;;
    esac
    LD_LIBRARY_PATH=$p/lib "$tmp/$@"
}

# Every example that the build has.
try_all() { # COMPILERS pkg-config's flags; flags
    compilers=$1 how=$2
    shift 2
    for compiler in $compilers; do
        command -v $compiler >/dev/null || { skip "no $compiler"; continue; }
        case $compiler in
        clang++) strict=-std=c++20 note=-Wno-deprecated ;; # which says that a .c file is taken for C++
        *++) strict=-std=c++20 note= ;;
        *) strict=-std=c11 note= ;;
        esac
        for source in examples/*.c; do
            example=$(basename "$source" .c)
            [ -x "$examples/$example" ] || { skip "$example is not in this build"; continue; }
            run build "$compiler $note" "$example" "$how" "$@"
            exits 0
            silent err
            run start "$example"
            if [ "$example" = run_pth ] && ! has zip; then exits 1; else exits 0; fi
            [ -z "$how" ] || continue
            run build "$compiler $note" "$example" "$how" "$@" $strict -pedantic-errors # in the language's strictest form
            exits 0
        done
    done
}

if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH="$p/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$tmp/root"
    run pkg-config --modversion autodidact
    says out "$(sed -n 's/^#define AD_VERSION_[MP][A-Z]* *\([0-9]*\)$/\1/p' include/autodidact/base.h | paste -sd.)"
    try_all 'gcc clang g++ clang++' ''
    rm "$p"/lib/libautodidact.so* # else a linker prefers them
    try_all "$cc" --static
    # Without components a program can stand on nothing but the kernel.
    if [ "$components" = '  ' ] && echo 'int main(void) { return 0; }' | "$cc" -x c -static -o "$tmp/none" - 2>/dev/null; then
        try_all "$cc" --static -static
    fi
else
    skip 'no pkg-config'
fi

run install_to uninstall
exits 0
check 'nothing is left' sh -c "! find '$p' -type f | grep -q . && ! find '$p' -type l | grep -q ."
finish
