#!/bin/sh
# install.sh - `make install` into an empty folder: what is there, that a program builds against it through
# pkg-config, with the static and with the shared library, and that `make uninstall` leaves nothing.
. "$(dirname "$0")/../check.sh"
cd "$root" || exit 1
cc=${CC:-gcc}

install_to() { make -s "$1" DESTDIR="$tmp/root" PREFIX=/opt/autodidact ${BUILD:+BUILD="$BUILD"} CC="$cc"; }
run install_to install
exits 0
p=$tmp/root/opt/autodidact
for file in bin/autodidact lib/libautodidact.a lib/libautodidact.so lib/pkgconfig/autodidact.pc \
    include/autodidact/base.h share/man/man1/autodidact.1 share/bash-completion/completions/autodidact; do
    check "$file is installed" test -s "$p/$file"
done
for header in include/autodidact/*.h; do
    check "$header is installed" cmp "$header" "$p/$header"
done
run "$p/bin/autodidact" version
exits 0
check 'the binary is stripped and under 6 MB' test "$(wc -c <"$p/bin/autodidact")" -lt 6291456

cat >"$tmp/program.c" <<'PROGRAM'
#include <autodidact/base.h>
#include <stdio.h>
int main(void)
{
    ad_context *ctx = ad_context_new(NULL);
    if (!ctx) return 1;
    printf("%s\n", AD_VERSION);
    ad_context_free(ctx);
    return 0;
}
PROGRAM
if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH="$p/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$tmp/root"
    # shellcheck disable=SC2046
    run "$cc" $(pkg-config --cflags autodidact) -o "$tmp/shared" "$tmp/program.c" $(pkg-config --libs autodidact)
    exits 0
    run env LD_LIBRARY_PATH="$p/lib" "$tmp/shared"
    exits 0
    says out "$(pkg-config --modversion autodidact)"
    rm "$p"/lib/libautodidact.so* # else a linker may prefer them
    # shellcheck disable=SC2046
    run "$cc" $(pkg-config --cflags autodidact) -o "$tmp/static" "$tmp/program.c" "$p/lib/libautodidact.a" \
        $(pkg-config --libs --static autodidact)
    exits 0
    run "$tmp/static"
    exits 0
fi

# Every public header stands on its own, in C and in C++.
for header in include/autodidact/*.h; do
    echo "#include <autodidact/${header##*/}>" >"$tmp/alone.c"
    run "$cc" -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only "$tmp/alone.c"
    exits 0
done

run install_to uninstall
exits 0
check 'nothing is left' sh -c "! find '$p' -type f | grep -q . && ! find '$p' -type l | grep -q ."
finish
