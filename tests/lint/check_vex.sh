#!/bin/bash
# tests/lint/check_vex.sh: no AVX instruction outside the folders that are dispatched to.
#
# One VEX-encoded instruction in a baseline object ends the program on an older processor.
set -u
bad=0
if ! objdump -f build/release/src/gte.o 2>/dev/null | grep -q x86-64; then
    echo 'SKIP not an x86-64 build'
    exit 0
fi
while read -r object; do
    found=$(objdump -d --no-show-raw-insn "$object" |
        awk '/\tv[a-z0-9]+[ \t]/ && !/\tver[rw]/ { print; exit }')
    if [ -n "$found" ]; then
        echo "$object: $found"
        bad=1
    fi
done < <(find build/release/src build/release/convert -name '*.o' \
    -not -path '*/kernels/avx*/*')
if [ $bad = 0 ]; then echo 'ok no AVX in baseline objects'; else echo 'not ok AVX in the baseline'; fi
exit $bad
