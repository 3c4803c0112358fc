#!/bin/sh
# gte and, behind the same encoder, OpenBLAS, for bench_peers.py; the protocol is in README.md here.
set -eu
verb=$1 dir=$2
types='f32 bf16 int8'
case $verb in
setup)
    for type in $types; do
        file=$dir/$type.gte
        [ "$file" -nt build/gte ] && [ "$file" -nt "$dir/model.safetensors" ] && continue
        build/gte convert --dtype "$type" "$dir" "$file" >"$dir/convert.log" 2>&1 ||
            { rm -f "$file"; echo "gte convert --dtype $type: $(tail -n 1 "$dir/convert.log")"; }
    done
    ;;
list)
    for type in $types; do
        [ ! -f "$dir/$type.gte" ] || echo "gte $type packed"
    done
    echo 'openblas f32 openblas'
    ;;
serve)
    # Left over from other programs' tuning; OpenBLAS shall choose for itself, and says what.
    unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
    exec build/peers/gte_peer "$dir/$4.gte" "$6" "$5"
    ;;
esac
