#!/usr/bin/env bash
# The tail is what makes code ugly: no function above 100 lines, nine of ten within 50, no file above 700, no more than 7 parameters.
cd "$(dirname "$0")/../.." || exit 1
bad=0

while read -r lines file; do
    [ "$file" = total ] && continue
    [ "$lines" -le 700 ] || { echo "$file has $lines lines"; bad=1; }
done < <(find base keyring pkcs11 certtool idt setup cli samples -name '*.[ch]' -exec wc -l {} +)

# A function is from a line that begins in the first column and is followed by "{" alone, to "}" alone.
functions=$(find base keyring pkcs11 certtool idt setup cli samples -name '*.c' -exec awk '
    FNR == 1 { inside = 0 }
    /^\{$/ { inside = 1; start = FNR; commas = gsub(/,/, ",", header) }
    /^}$/ && inside { print FNR - start - 1, FILENAME ":" start, commas + 1; inside = 0; header = "" }
    !inside && !/^\{$/ { header = (/^[a-z]/ && !/;$/) ? $0 : header $0 }' {} +)
while read -r lines where parameters; do
    [ "$lines" -le 100 ] || { echo "$where: a function of $lines lines"; bad=1; }
    [ "$parameters" -le 8 ] || { echo "$where: $parameters parameters"; bad=1; }
done <<<"$functions"

total=$(wc -l <<<"$functions")
percentile() { sort -n <<<"$functions" | awk -v n=$((total * $1 / 100)) 'NR == n { print $1 }'; }
median=$(percentile 50) ninety=$(percentile 90)
echo "$total functions, median $median lines, 90th percentile $ninety, longest $(sort -n <<<"$functions" | tail -n 1 | cut -d' ' -f1)"
[ "$median" -le 20 ] || { echo "the median is above 20"; bad=1; }
[ "$ninety" -le 50 ] || { echo "the 90th percentile is above 50"; bad=1; }
exit $bad
