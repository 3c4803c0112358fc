#!/bin/bash
# tests/header_test.sh: every header in include/ alone, by several standards of C and C++.
set -u
CC=${CC:-cc} CXX=${CXX:-c++}
bad=0
one() {
    local name=$1
    shift
    if "$@" -DHEADER="\"$header\"" -Iinclude -Wall -Wextra -Wpedantic -Wshadow -Werror \
        -fsyntax-only; then
        echo "ok $name"
    else
        echo "not ok $name"
        bad=1
    fi
}
for path in include/*.h; do
    header=$(basename "$path")
    for std in c99 c11 c17; do one "$header in $std" "$CC" -x c -std=$std tests/header_test.c; done
    for std in c++11 c++17; do one "$header in $std" "$CXX" -x c++ -std=$std tests/header_test.c; done
done
exit $bad
