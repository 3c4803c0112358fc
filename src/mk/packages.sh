#!/bin/sh
# src/mk/packages.sh NAME:TEST...: install the Debian packages whose TEST fails.
#
# TEST is command=NAME (found in PATH), pc=NAME (known to pkg-config), file=PATH, python=MODULE or
# fuzzer=COMPILER (links -fsanitize=fuzzer). A machine that has everything is not touched and
# needs neither apt-get nor root.
set -eu

present() {
    case $1 in
    command=*) command -v "${1#*=}" >/dev/null 2>&1 ;;
    pc=*) pkg-config --exists "${1#*=}" >/dev/null 2>&1 ;;
    file=*) [ -e "${1#*=}" ] ;;
    # Debian's own python: that is where python3-numpy goes.
    python=*) PATH=/usr/bin:$PATH python3 -c "import ${1#*=}" >/dev/null 2>&1 ;;
    fuzzer=*) fuzzer_links "${1#*=}" ;;
    *) echo "packages.sh: unknown test $1" >&2; exit 2 ;;
    esac
}

fuzzer_links() {
    command -v "$1" >/dev/null 2>&1 || return 1
    dir=$(mktemp -d)
    printf '#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char *, size_t);\n%s\n' \
        'int LLVMFuzzerTestOneInput(const char *d, size_t n) { (void)d; (void)n; return 0; }' \
        >"$dir/probe.c"
    status=0
    "$1" -fsanitize=fuzzer,address,undefined -o "$dir/probe" "$dir/probe.c" >/dev/null 2>&1 ||
        status=1
    rm -rf "$dir"
    return $status
}

missing=
for pair in "$@"; do
    present "${pair#*:}" || missing="$missing ${pair%%:*}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing (Debian names); apt-get is not here, install their equivalents" >&2
    exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
        { echo "missing:$missing; run as root or install sudo" >&2; exit 1; }
    sudo=sudo
fi

echo "installing:$missing"
$sudo apt-get update -q || echo "apt-get update failed; trying with the lists that are here" >&2
# Names that only some releases have (libclang-rt-dev: elsewhere clang brings it along).
known=
for name in $missing; do
    if apt-cache show "$name" >/dev/null 2>&1; then known="$known $name"; fi
done
[ -n "$known" ] || { echo "none of$missing is known to apt" >&2; exit 1; }
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $known
for pair in "$@"; do
    present "${pair#*:}" || { echo "still missing: ${pair%%:*} (${pair#*:})" >&2; exit 1; }
done
