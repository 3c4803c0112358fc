#!/bin/bash
# tests/lint/check_size.sh FILE...: files up to 400 lines, functions up to 60, lines up to 100
# columns, and nothing left to do in the text. Generated tables (*_tables.[ch]) are exempt from
# the first two.
set -u
bad=0
report() {
    if [ -z "$1" ]; then echo "ok $2"; else printf '%s\nnot ok %s\n' "$1" "$2"; bad=1; fi
}

files=() all=("$@")
for f in "$@"; do
    case $f in *_tables.[ch]) ;; *) files+=("$f") ;; esac
done

report "$(wc -l "${files[@]}" | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines" }')" \
    "no file over 400 lines"

# A function begins with { and ends with } in the first column (.clang-format sees to it).
report "$(awk '
    FNR == 1 { open = 0 }
    /^{/ { open = FNR; head = previous }
    /^}/ { if (open && FNR - open - 1 > 60)
               print FILENAME ":" open ": " FNR - open - 1 " lines: " head
           open = 0 }
    { previous = $0 }' "${files[@]}")" "no function over 60 lines"

# Columns, not bytes: text in other scripts stands in some tests and in the model words.
report "$(LC_ALL=C.UTF-8 grep -nE '^.{101,}' "${all[@]}" | cut -c1-80)" "no line over 100 columns"

report "$(grep -nE '\b(TO''DO|FIX''ME|X''XX|HA''CK)\b' "${all[@]}")" "nothing left to do in comments"
exit $bad
