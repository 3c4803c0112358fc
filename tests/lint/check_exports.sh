#!/bin/bash
# tests/lint/check_exports.sh: libgte.so exports exactly what gte.h declares, libgtecache.so what
# gte_cache.h does; the static libraries define no global name that could meet one of the program's;
# the sonames are right.
set -u
bad=0
say() { # OK NAME
    if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; bad=1; fi
}

soname_major=$(sed -n 's/^#define GTE_VERSION_MAJOR //p' include/gte.h)

check_library() { # NAME HEADER PREFIXES
    local name=$1 header=$2 prefixes=$3 declared exported strangers soname calls
    declared=$(cat $header | tr "\n" " " | grep -oE 'GTE_API [^;]*\(' |
        grep -oE 'gte_[a-z0-9_]+ *\($|gte_[a-z0-9_]+\([^(]*\($' | sed 's/(.*//; s/ //g' | sort -u)
    exported=$(nm -D --defined-only "build/release/$name.so" | awk '{ print $3 }' | sort -u)
    diff <(echo "$declared") <(echo "$exported")
    say $? "$name.so exports what ${header##*/} declare(s) ($(echo "$exported" | wc -l) functions)"

    strangers=$(nm -g --defined-only "build/release/$name.a" 2>/dev/null |
        awk 'NF == 3 { print $3 }' | grep -vE "$prefixes" || true)
    [ -z "$strangers" ] || printf 'global in %s.a without the prefix:\n%s\n' "$name" "$strangers"
    test -z "$strangers"
    say $? "every global of $name.a begins with its prefix"

    soname=$(objdump -p "build/release/$name.so" | awk '$1 == "SONAME" { print $2 }')
    test "$soname" = "$name.so.$soname_major"
    say $? "soname $soname"

    # printf and its kin to stdout, exit and abort must not be reachable from library code.
    calls=$(nm -u "build/release/$name.a" 2>/dev/null | awk '{ print $2 }' |
        grep -xE '(v|f|vf|d)?printf|__(v|f|vf)?printf_chk|puts|putchar|fputs|fputc|perror|exit|_exit|abort|stdout|stderr|sprintf|gets|strtok|rand|srand' |
        sort -u)
    [ -z "$calls" ] || printf 'called from %s.a: %s\n' "$name" "$calls"
    test -z "$calls"
    say $? "$name.a calls nothing that prints, exits or aborts"
}

check_library libgte 'include/gte.h include/gte_task.h' '^gte_[a-z0-9]|^gte__[a-z0-9]'
check_library libgtecache include/gte_cache.h '^gte_cache_[a-z0-9]|^cache__[a-z0-9]'
exit $bad
