#!/bin/bash
# tests/link_test/run.sh: install into a prefix, then build and run programs against it as a user
# would, through pkg-config, in C and C++, shared and static; then uninstall and see nothing left.
set -u
CC=${CC:-cc} CXX=${CXX:-c++} MAKE=${MAKE:-make}
root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

expect() { # NAME COMMAND...: runs it, ok when it succeeds
    local name=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then echo "ok $name"; else echo "not ok $name"; cat "$tmp/out"; bad=1; fi
}

prefix=$tmp/prefix
expect "make install" $MAKE --no-print-directory install PREFIX="$prefix"
expect "make install DESTDIR" $MAKE --no-print-directory install PREFIX=/usr DESTDIR="$tmp/stage"
expect "DESTDIR is not in gte.pc" \
    sh -c "! grep -q '$tmp' '$tmp/stage/usr/lib/pkgconfig/gte.pc'"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
model=$prefix/share/gte/default.gte
warn="-Wall -Wextra -Wpedantic -Werror"

build_and_run() { # NAME COMPILER SOURCE FLAGS...
    local name=$1 compiler=$2 source=$3
    shift 3
    expect "$name builds" "$compiler" $warn -o "$tmp/program" "$source" "$@"
    expect "$name runs" env LD_LIBRARY_PATH="$prefix/lib" "$tmp/program" "$model"
}
shared=$(pkg-config --cflags --libs gte)
static="$(pkg-config --cflags gte) $prefix/lib/libgte.a $(pkg-config --static --libs gte |
    sed 's/-lgte\b//')"
# shellcheck disable=SC2086
{
    build_and_run "C, shared" "$CC" tests/link_test/example.c -std=c11 $shared
    build_and_run "C, static" "$CC" tests/link_test/example.c -std=c11 $static
    build_and_run "C++, shared" "$CXX" tests/link_test/user.cpp -std=c++11 $shared
    build_and_run "C++, static" "$CXX" tests/link_test/user.cpp -std=c++17 $static
}
expect "pkg-config version" \
    sh -c "pkg-config --modversion gte | grep -qx \"\$($prefix/bin/gte --version | grep -o '[0-9.]*[0-9]' | head -n 1)\""
expect "the installed command finds its model" \
    env -u GTE_MODEL sh -c "cd / && '$prefix/bin/gte' embed 'the cat sleeps' | grep -q embedding"
# The README's example is the program that was built above.
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$tmp/readme.c"
expect "README.md shows example.c" \
    diff "$tmp/readme.c" <(sed 1d tests/link_test/example.c)
expect "make uninstall" $MAKE --no-print-directory uninstall PREFIX="$prefix"
expect "nothing is left of it" sh -c "[ -z \"\$(find '$prefix' -type f -o -type l)\" ]"
cd "$root" && exit $bad
