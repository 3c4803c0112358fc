#!/bin/bash
# tests/lint/check_deps.sh: who may include whom, room by room.
#
# A room may include its own headers by bare name or by full path; everything else by full path,
# and only what its line below allows.
set -u
bad=0

# rooms: the files of a room, what it may include of the project (an extended regex on the path)
check_room() { # NAME ALLOWED FILE...
    local name=$1 allowed=$2 file inc dir violations=0
    shift 2
    for file in "$@"; do
        [ -f "$file" ] || continue
        dir=$(dirname "$file")
        while read -r inc; do
            [ -n "$inc" ] || continue
            [ -f "$dir/$inc" ] && [[ $inc != */* ]] && continue
            if ! [[ $inc =~ ^($allowed)$ ]]; then
                echo "$file includes $inc"
                violations=1
            fi
        done < <(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file")
    done
    report $violations "$name includes only what it may"
}

# check_owner HEADER REASON ALLOWED_FILES_REGEX: a system header that only some files may include
check_owner() {
    local header=$1 allowed=$2 strangers
    strangers=$(grep -rlE "^ *# *include *[<\"]$header[>\"]" include src convert cache pull server perf \
        --include='*.[ch]' | grep -vE "^($allowed)" || true)
    [ -z "$strangers" ] || echo "$header in: $strangers"
    test -z "$strangers"
    report $? "$header stays in its place"
}

report() {
    if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; bad=1; fi
}

shopt -s nullglob
own='gte(_task)?\.h'
check_room include "gte\.h" include/*.h
check_room src/base "base/.*|$own" src/base/*.[ch] src/base/x86/*.[ch]
check_room src/kernels 'kernels/.*|base/panels\.h' src/kernels/*/*.[chS]
check_room src/kernels/dispatch 'kernels/.*|base/(cpu|panels)\.h' src/kernels/*.[ch]
check_room src/model "base/.*|model/.*|$own" src/model/*.[ch]
check_room src/tokenizer "base/.*|tokenizer/.*|model/format\.h|$own" src/tokenizer/*.[ch]
check_room src/encoder "base/.*|encoder/.*|model/.*|kernels/.*|$own" src/encoder/*.[ch]
check_room src/tasks "base/.*|tasks/.*|encoder/encoder\.h|model/.*|kernels/dispatch\.h|tokenizer/tokenizer\.h|$own" src/tasks/*.[ch]
check_room src/gte.c "tasks/tasks\.h|base/.*|model/.*|tokenizer/.*|encoder/.*|kernels/.*|$own" src/*.[ch]
check_room convert "base/.*|model/(head_)?format\.h|tokenizer/tokenizer\.h|convert/.*|$own" convert/*.[ch]
check_room src/train "base/.*|convert/head_pack\.h|train/.*|$own" src/train/*.[ch]
check_room src/cli "train/.*|$own|gte_cache\.h|convert/(convert|schema_json)\.h|pull/(pull|store|known)\.h|perf/.*|cli/.*|base/(number_text|question)\.h" src/cli/*.[ch]
check_room perf/bench "perf/bench/.*|$own" perf/bench/*.[ch]
check_room perf/profile "perf/profile/.*|perf/bench/.*|$own" perf/profile/*.[ch]

check_room cache "base/(memory|sha256|status)\.h|gte_cache\.h|$own" cache/*.[ch]

check_room pull "pull/.*|convert/(convert|json)\.h|base/(sha256|status)\.h|$own" pull/*.[ch]

check_room server "server/.*|pull/store\.h|convert/schema_json\.h|base/(number_text|question|utf8)\.h|$own|gte_cache\.h" server/*.[ch]

check_owner jansson.h 'convert/|src/cli/|server/'
check_owner cblas.h 'src/encoder/linear_openblas\.c|src/train/product\.c'
check_owner utf8proc.h 'src/tokenizer/'
check_owner immintrin.h 'src/base/x86/|src/kernels/avx2/|src/kernels/avx512(bf16)?/'
check_owner sqlite3.h 'cache/database_own\.h|perf/cache/'
check_owner 'curl/curl\.h' 'pull/http_curl\.c'
check_owner 'gnutls/.*' 'server/tls_gnutls\.c'
check_owner microhttpd.h 'server/(http|exchange)\.'

twins=$(find include src convert cache pull server perf -name '*.[ch]' -printf '%f\n' | sort | uniq -d)
[ -z "$twins" ] || printf 'more than one file is called: %s\n' "$twins"
test -z "$twins"
report $? "file names are unique"
exit $bad
