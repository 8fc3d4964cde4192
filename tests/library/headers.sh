#!/bin/sh
# headers.sh - every public header alone, in strict C11 and C++20, with each compiler that is there; that it says
# whether it is stable; and that its macros can be used in C++.
with_command=no
. "$(dirname "$0")/../check.sh"
cd "$root" || exit 1

cat >"$tmp/macros.cc" <<'PROGRAM'
#include <autodidact/autodidact.h>
extern const ad_option options[];
const ad_option options[] = {AD_COMMON_OPTIONS, AD_OPTION_MEMORY_LIMIT(""), AD_TRAIN_OPTIONS, AD_EXPLAIN_OPTIONS, {}};
static const ad_record *const records[] = {&ad_train_record, nullptr};
extern const ad_system toy;
const ad_system toy = {AD_SYSTEM("toy", "rows", ad_job, records, nullptr, nullptr, .read = nullptr, .network = nullptr)};
extern const ad_verb train, apply;
const ad_verb train = {AD_TRAIN_VERB("toy", &toy, records, nullptr, "train a toy")};
const ad_verb apply = {AD_VERB("toy", "apply", "MODEL", options, nullptr, "use a toy"), .description = "..."};
ad_node *mean(ad_graph *g, unsigned long rows, int columns)
{
    ad_node *x = ad_input(g, "x", AD_F32, ad_shape(rows, columns));
    return ad_add(ad_mean(x, ad_axes(0, 1), false), ad_sum(x, AD_ALL_AXES, false));
}
PROGRAM

for compiler in gcc clang g++ clang++; do
    command -v $compiler >/dev/null || { skip "no $compiler"; continue; }
    case $compiler in
    *++) language='-x c++ -std=c++20' ;;
    *) language='-x c -std=c11' ;;
    esac
    for header in include/autodidact/*.h; do
        echo "#include <autodidact/${header##*/}>" >"$tmp/alone"
        # shellcheck disable=SC2086
        run $compiler $language -pedantic-errors -Wall -Wextra -Werror -Iinclude -fsyntax-only "$tmp/alone"
        exits 0
    done
    case $compiler in
    *++)
        run $compiler -std=c++20 -pedantic-errors -Wall -Werror -Iinclude -fsyntax-only "$tmp/macros.cc"
        exits 0
        ;;
    esac
done

for header in include/autodidact/*.h; do
    check "$header says whether it is stable" grep -qE '^ \* Stability: (stable|experimental|as each)' "$header"
done
finish
