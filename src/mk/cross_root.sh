#!/bin/sh
# cross_root.sh DIR ARCHITECTURE PACKAGE...: the packages and all they stand on, of Debian's release
# that runs here, unpacked in DIR/root; DIR/pkgconfig, what pkg-config needs to know of them; DIR/run,
# which runs a program of that architecture. CROSS_MIRROR names another mirror. Touches nothing but
# DIR: apt gets its own lists, cache and package database there.
set -eu
dir=$1 arch=$2
shift 2
mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
rm -rf "$dir/root" "$dir/pkgconfig"
mkdir "$dir/root"
dir=$(cd "$dir" && pwd)
. /etc/os-release
: >"$dir/state/status"
echo "deb ${CROSS_MIRROR:-http://deb.debian.org/debian} $VERSION_CODENAME main" >"$dir/sources.list"

private_apt() {
    apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures::="$arch" \
        -o Dir::State="$dir/state" -o Dir::State::status="$dir/state/status" \
        -o Dir::Cache="$dir/cache" -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null \
        -o Dir::Etc::PreferencesParts=/dev/null -o Debug::NoLocking=1 "$@"
}

private_apt update
private_apt install -y --no-install-recommends --download-only "$@"
for package in "$dir"/cache/archives/*.deb; do dpkg -x "$package" "$dir/root"; done

# OpenBLAS is where update-alternatives would find it; the links are made at installation.
libraries=$(dirname "$(dirname "$(find "$dir/root/usr/lib" -name libopenblas.so | head -n 1)")")
blas=$(basename "$(dirname "$(find "$libraries" -name libopenblas.so | head -n 1)")")
ln -sf "$blas/libopenblas.so" "$blas/libopenblas.so.0" "$libraries"
mkdir "$dir/pkgconfig"
find "$libraries" -name '*.pc' -exec cp {} "$dir/pkgconfig" \;

emulator=qemu-$([ "$arch" = arm64 ] && echo aarch64 || echo "$arch")-static
printf '#!/bin/sh\nexec %s -L "%s" "$@"\n' "$emulator" "$dir/root" >"$dir/run"
chmod +x "$dir/run"
