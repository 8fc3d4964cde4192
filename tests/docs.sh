#!/bin/sh
# docs.sh: what the pages in docs and the README name is there: files behind links, targets of make, and in the
# pages for users functions and types; what headers name of each other, too; the README's figures beside PyTorch
# are those of docs/performance.md; and each optimizer has a row in docs/training.md.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

check() { # NAME OFFENDERS
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$1" "$2"
    fi
}

for page in README.md docs/*.md; do
    folder=$(dirname "$page")
    check "$page links to what is not there" \
        "$(grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -vE '^https?:' | while read -r link; do
            [ -e "$folder/$link" ] || echo "$link"
        done)"
    check "$page names targets that make does not have" \
        "$(grep -oE '`make [a-z][a-z0-9-]*' "$page" | sed 's/`make //' | sort -u | while read -r target; do
            case $target in
            reproduce-*) [ -x "tools/reproduce/${target#reproduce-}" ] || echo "$target" ;;
            *) grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile || echo "$target" ;;
            esac
        done)"
done

for page in README.md docs/using-the-library.md docs/adding-a-system.md docs/training.md docs/kit.md; do
    check "$page names what no public header has" \
        "$(grep -ohE '\b(ad|AD)_[A-Za-z0-9_]+' "$page" | sort -u | while read -r name; do
            grep -rqw "$name" include || echo "$name"
        done)"
done
check "public headers name headers that are not there" \
    "$(grep -noE '\b[a-z_]+\.h\b' include/autodidact/*.h | while IFS=: read -r header line name; do
        [ -e "include/autodidact/$name" ] || grep -q "#include <$name>" "$header" || echo "$header:$line $name"
    done)"

# | workload | ours | the other | ...  stands there as  ours, the other (form)  or as  | ours | the other (form)
check "the README's figures are not those of docs/performance.md" \
    "$(sed -n '/^| workload | ours | the other/,/^$/p' README.md | grep -E '[0-9] m?u?s ' | while IFS='|' read -r _ workload ours theirs _; do
        ours=${ours# } theirs=${theirs# }
        ours=${ours% } theirs=${theirs%% (*} theirs=${theirs% }
        grep -qF -e "| $ours | $theirs (" -e "$ours, $theirs (" docs/performance.md || echo "$workload: $ours and $theirs"
    done)"
check "the README has no table of figures" "$(grep -q '^| workload | ours | the other' README.md || echo none)"
check "the table of docs/training.md lacks optimizers of src/optim/optimizers.def" \
    "$(sed -n 's/^OPTIMIZER(\(.*\))$/\1/p' src/optim/optimizers.def | while read -r name; do
        grep -q "^| [^|]*\`$name\`" docs/training.md || echo "$name"
    done)"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
