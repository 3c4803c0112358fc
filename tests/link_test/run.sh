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
    if "$@" >"$tmp/out" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        cat "$tmp/out"
        bad=1
    fi
}

no_file_below() { [ -z "$(find "$1" -type f -o -type l)" ]; }

# Paths with spaces, and a neighbour that a careless rm would take along.
spaced="PREFIX=/opt/a  b/c"
stage="$tmp/the stage"
mkdir -p "$stage/opt/a" && touch "$stage/opt/a/neighbour"
expect "make install, spaces in PREFIX and DESTDIR" \
    $MAKE --no-print-directory install "$spaced" DESTDIR="$stage"
pc="$stage/opt/a  b/c/lib/pkgconfig/gte.pc"
expect "DESTDIR is not in gte.pc" sh -c '! grep -q stage "$1"' - "$pc"
expect "gte.pc escapes the spaces" grep -qxF 'prefix=/opt/a\ \ b/c' "$pc"
touch "$stage/opt/a  b/c/share/gte/of-the-user.gte"
expect "make uninstall, spaces in PREFIX and DESTDIR" \
    $MAKE --no-print-directory uninstall "$spaced" DESTDIR="$stage"
expect "what the user put there stays" rm "$stage/opt/a  b/c/share/gte/of-the-user.gte"
expect "the neighbour stays" rm "$stage/opt/a/neighbour"
expect "nothing else is left" no_file_below "$stage"
expect "a relative PREFIX" $MAKE --no-print-directory install PREFIX=some/where DESTDIR="$tmp/rel"
expect "is absolute in gte.pc" sh -c 'grep -q "^prefix=/.*/some/where$" "$1"' - \
    "$tmp/rel$root/some/where/lib/pkgconfig/gte.pc"

expect "make install-strip" $MAKE --no-print-directory install-strip PREFIX=/usr DESTDIR="$tmp/small"
for file in bin/gte lib/libgte.so; do
    expect "$file has no symbols for debuggers" sh -c 'nm "$1" 2>&1 | grep "no symbols"' - \
        "$tmp/small/usr/$file"
done

prefix=$tmp/prefix
expect "make install" $MAKE --no-print-directory install PREFIX="$prefix"
expect "the licence" cmp LICENSE "$prefix/share/doc/gte/LICENSE"
if [ -e build/gte-server ]; then # where libmicrohttpd is; gte serve runs the one beside gte
    expect "the installed gte serve finds its server" "$prefix/bin/gte-server" --version
    expect "and its model" env -u GTE_MODEL "$prefix/bin/gte" serve --check --cache off
fi
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
model=$prefix/share/gte/default.gte
warn="-Wall -Wextra -Wpedantic -Werror"

argument=$model
build_and_run() { # NAME COMPILER SOURCE FLAGS...
    local name=$1 compiler=$2 source=$3
    shift 3
    expect "$name builds" "$compiler" $warn -o "$tmp/program" "$source" "$@"
    rm -f "$tmp/user.cache"
    expect "$name runs" env LD_LIBRARY_PATH="$prefix/lib" "$tmp/program" "$argument"
}
# The two recipes of README.md; eval, because pkg-config escapes the spaces of a prefix.
eval "shared=($(pkg-config --cflags --libs gte))"
eval "static=($(pkg-config --static --cflags --libs gte | sed 's/-lgte/-l:libgte.a/'))"
# A fresh Debian has no libgfortran to link with, and the headers of OpenBLAS are not our user's.
expect "gte.pc asks for no gfortran" sh -c '! pkg-config --static --libs gte | grep gfortran'
expect "gte.pc gives the one include directory" \
    test "$(pkg-config --static --cflags gte | xargs)" = "-I$prefix/include"
build_and_run "C, shared" "$CC" tests/link_test/example.c -std=c11 "${shared[@]}"
build_and_run "C, static" "$CC" tests/link_test/example.c -std=c11 "${static[@]}"
expect "static needs no libgte.so" sh -c '! objdump -p "$1" | grep libgte' - "$tmp/program"
build_and_run "C++, shared" "$CXX" tests/link_test/user.cpp -std=c++11 "${shared[@]}"
build_and_run "C++, static" "$CXX" tests/link_test/user.cpp -std=c++17 "${static[@]}"
argument=$tmp/user.cache
eval "shared=($(pkg-config --cflags --libs gtecache))"
eval "static=($(pkg-config --static --cflags --libs gtecache |
    sed 's/-lgtecache/-l:libgtecache.a/; s/-lgte /-l:libgte.a /'))"
build_and_run "the cache in C, shared" "$CC" tests/link_test/user_cache.c -std=c99 "${shared[@]}"
expect "the cache stands without libgte.so" \
    sh -c '! objdump -p "$1" | grep "NEEDED.*libgte\."' - "$prefix/lib/libgtecache.so"
build_and_run "the cache in C, static" "$CC" tests/link_test/user_cache.c -std=c11 "${static[@]}"
expect "static needs no libgtecache.so" sh -c '! objdump -p "$1" | grep libgte' - "$tmp/program"
build_and_run "the cache in C++" "$CXX" tests/link_test/user_cache.c -x c++ -std=c++11 "${shared[@]}"
expect "pkg-config version" \
    test "gte $(pkg-config --modversion gte)" = "$("$prefix/bin/gte" --version | head -n 1)"
expect "the installed command finds its model" \
    env -u GTE_MODEL sh -c 'cd / && "$1" embed "the cat sleeps" | grep -q embedding' - \
    "$prefix/bin/gte"
# The README's example is the program that was built above.
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$tmp/readme.c"
expect "README.md shows example.c" \
    diff "$tmp/readme.c" <(sed 1d tests/link_test/example.c)
expect "make uninstall" $MAKE --no-print-directory uninstall PREFIX="$prefix"
expect "nothing is left of it" no_file_below "$prefix"
cd "$root" && exit $bad
