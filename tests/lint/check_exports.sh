#!/bin/bash
# tests/lint/check_exports.sh: libgte.so exports exactly what gte.h declares, libgte.a defines no
# global name that could meet one of the program's, and the soname is right.
set -u
bad=0
say() { # OK NAME
    if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; bad=1; fi
}

declared=$(tr '\n' ' ' <include/gte.h | grep -oE 'GTE_API [^;]*\(' |
    grep -oE 'gte_[a-z0-9_]+ *\($|gte_[a-z0-9_]+\([^(]*\($' | sed 's/(.*//; s/ //g' | sort -u)
exported=$(nm -D --defined-only build/release/libgte.so | awk '{ print $3 }' | sort -u)
diff <(echo "$declared") <(echo "$exported")
say $? "libgte.so exports what gte.h declares ($(echo "$exported" | wc -l) functions)"

strangers=$(nm -g --defined-only build/release/libgte.a 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep -vE '^gte_[a-z0-9]|^gte__[a-z0-9]' || true)
[ -z "$strangers" ] || printf 'global in libgte.a without the prefix:\n%s\n' "$strangers"
test -z "$strangers"
say $? "every global of libgte.a begins with gte_"

soname=$(objdump -p build/release/libgte.so | awk '$1 == "SONAME" { print $2 }')
test "$soname" = "libgte.so.$(sed -n 's/^#define GTE_VERSION_MAJOR //p' include/gte.h)"
say $? "soname $soname"

# printf and its kin to stdout, exit and abort must not be reachable from library code.
calls=$(nm -u build/release/libgte.a 2>/dev/null | awk '{ print $2 }' |
    grep -xE '(v|f|vf|d)?printf|__(v|f|vf)?printf_chk|puts|putchar|fputs|fputc|perror|exit|_exit|abort|stdout|stderr|sprintf|gets|strtok|rand|srand' |
    sort -u)
[ -z "$calls" ] || printf 'called from libgte.a: %s\n' "$calls"
test -z "$calls"
say $? "libgte.a calls nothing that prints, exits or aborts"
exit $bad
