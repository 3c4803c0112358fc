#!/bin/bash
# tests/oracle/task_oracle.sh [TEXTS]: the trained small models of ../shared, in every type, through
# `gte predict` beside the forward pass in numpy, on that many texts (100) of the Weibo NER set.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
gte=${GTE:-$root/build/gte} shared=${GTE_SHARED:-$root/../shared} n=${1:-100}
python=${NUMPY_PYTHON:-/usr/bin/python3}
texts=$shared/text/zh/weiboNER_dev.conll
[ -f "$texts" ] || { echo "SKIP no $texts" && exit 77; }
"$python" -c 'import numpy' 2>/dev/null || { echo "SKIP no numpy for $python" && exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/gte-oracle.XXXXXX")
trap 'rm -rf "$work"' EXIT
# types of CLUENER beside those of Weibo
types=name=PER,address=LOC,scene=LOC,GPE=LOC,organization=ORG,company=ORG,government=ORG
failed=0
for name in zh-cls-tiny zh-ner-tiny; do
    for dtype in f32 bf16 int8; do
        "$gte" convert --dtype $dtype "$shared/models/$name" "$work/$name-$dtype.gte" 2>/dev/null ||
            { echo "not ok convert $name $dtype" && failed=1; }
    done
    "$python" "$root/tests/oracle/task_oracle.py" "$gte" "$shared/models/$name" "$texts" \
        "$work/$name"-{f32,bf16,int8}.gte -n "$n" --least 99 --type-map "$types" || failed=1
done
exit $failed
