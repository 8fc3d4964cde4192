#!/bin/sh
# report.sh: report.html in a real browser without a screen. CHROMIUM names it; it is used wide and
# narrow, light and dark, and once without JavaScript.
. "$(dirname "$0")/../check.sh"
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
[ -n "$browser" ] || { echo "no Chromium; name one: make test-browser CHROMIUM=..."; exit 1; }
here=$root/tests/browser
r=$tmp/run
mkdir -p "$r/samples"

cat >"$r/config.json" <<'END'
{"system": "classify", "verb": "train", "version": "1", "cpu": "a processor", "isa": "avx2", "threads": 2,
 "started": "2026-01-01T00:00:00", "changed": ["lr"], "options": {"batch": 8, "lr": 0.01, "flip": false},
 "training": {"monitor": "validation/accuracy", "monitor_low": false, "steps": 1000, "parameters": 12}}
END
awk 'BEGIN {
    for (i = 1; i <= 1000; ++i) {
        printf "{\"step\":%d,\"epoch\":%.2f,\"seconds\":%d,\"loss\":%.4f,\"accuracy\":%.4f,\"lr\":%.5f}\n", i, i / 100, i,
            2 / sqrt(i) + 0.1 * sin(i * 1.7) / sqrt(i), 1 - 1 / sqrt(i), 0.01 * (1 - i / 1001)
        if (i % 100 == 0) printf "{\"step\":%d,\"validation/loss\":%.4f}\n", i, 2.2 / sqrt(i)
    }
}' >"$r/metrics.jsonl"
echo '{"classes": ["cat", "dog"], "counts": [[8, 2], [1, 9]]}' >"$r/confusion.json"
cp "$fixtures/pictures/png-RGB.png" "$r/samples/seen-000000100.png"
printf 'To be </script> or\n\377 not' >"$r/samples/said-000000100.txt"
echo '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="parent.evil=1"><script>parent.evil=1</script><circle r="9" cx="20" cy="20"/></svg>' \
    >"$r/samples/drawn.svg"
run "$autodidact" runs report "$r"
exits 0

see() { # FILE OPTIONS...: the page as it is after its scripts
    file=$1
    shift
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$tmp/profile" \
        --virtual-time-budget=5000 "$@" --dump-dom "file://$file" >"$tmp/.out" 2>"$tmp/.err"
}

{
    cat "$r/report.html"
    echo '<script>'
    cat "$here/check.js"
    echo '</script>'
} >"$tmp/checked.html"
for how in '--window-size=1280,900' '--window-size=500,900' \
    '--window-size=1280,900 --blink-settings=preferredColorScheme=0'; do
    command="a browser with $how"
    # shellcheck disable=SC2086 # one word per option
    see "$tmp/checked.html" $how
    result=$(sed -n 's/.*<p id="checks">\([^<]*\)<.*/\1/p' "$tmp/.out")
    case $result in
    *' 0 failed') good ;;
    *) bad "${result:-the page said nothing}" ;;
    esac
    echo "$how: $result"
done

# Without JavaScript the curves stand still, and nothing is missing.
sed 's/; script-src [^"]*"/; script-src '"'none'"'"/' "$r/report.html" >"$tmp/still.html"
command="a browser without JavaScript"
see "$tmp/still.html"
check 'still curves are there' test "$(grep -o '<svg class="still"' "$tmp/.out" | wc -l)" -eq 3
check 'with their lines' test "$(grep -o '<polyline' "$tmp/.out" | wc -l)" -eq 4
says_not out 'svg class="live"'
finish
