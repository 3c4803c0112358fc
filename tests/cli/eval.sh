#!/bin/bash
# gte eval sts: reading CSV, the two figures.
. "$(dirname "$0")/lib.sh"

cat >plain.csv <<'C'
he is here,she is here,4.5
a line of text,another thing,1
the same,the same,5
one two three,four five six,0.5
equal scores,for two of them,1
C
test_case 'the figures equal a plain computation'
run eval sts -m "$MODEL" plain.csv --json
expect_rc 0
expect_no_err
cut -d, -f1 plain.csv | "$GTE" embed -m "$MODEL" --format npy >a.npy
cut -d, -f2 plain.csv | "$GTE" embed -m "$MODEL" --format npy >b.npy
expect 'differs' python - "$MODEL" <<'P'
import json, sys, numpy as np
o = json.load(open('out'))
assert list(o) == ['model', 'pairs', 'pearson', 'spearman'], o
assert o['pairs'] == 5 and o['model'] == sys.argv[1]
a, b = np.load('a.npy').astype('f8'), np.load('b.npy').astype('f8')
cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
gold = np.array([4.5, 1, 5, 0.5, 1])
ranks = lambda x: np.array([(x < v).sum() + ((x == v).sum() + 1) / 2 for v in x])
assert abs(np.corrcoef(cosine, gold)[0, 1] - o['pearson']) < 1e-6
assert abs(np.corrcoef(ranks(cosine), ranks(gold))[0, 1] - o['spearman']) < 1e-6
P
cp out plain.out

test_case 'text output'
run eval sts -m "$MODEL" plain.csv
expect_rc 0
expect_lines 3
expect_out_has '^pairs     5$'
expect_out_has '^pearson   -?[01]\.[0-9]{4}$'
expect_out_has '^spearman  -?[01]\.[0-9]{4}$'

same() { # FILE: gives what plain.csv gives
    run eval sts -m "$MODEL" "$1" --json
    expect_rc 0
    expect "$1 differs" cmp -s plain.out out
}
test_case 'quotes, CR LF, header, byte order mark, empty lines, no last newline'
sed 's/\([^,]*\),\([^,]*\),/"\1","\2",/' plain.csv >quoted.csv
same quoted.csv
sed 's/$/\r/' quoted.csv >crlf.csv
same crlf.csv
sed '1i sentence1,sentence2,score' plain.csv >header.csv
same header.csv
{ printf '\xef\xbb\xbf' && cat quoted.csv; } >bom.csv
same bom.csv
sed 'G' plain.csv >gaps.csv
same gaps.csv
printf '%s' "$(cat plain.csv)" >cut.csv
same cut.csv
cp plain.csv in
run eval sts -m "$MODEL" - --json
expect 'standard input differs' cmp -s plain.out out

test_case 'quoted fields may hold commas, quotes and line breaks'
printf '"a, ""b""\nc",d,1\n"e",f,2\ng,"h",3\n' >rfc.csv
run eval sts -m "$MODEL" rfc.csv
expect_rc 0
expect_out_has '^pairs     3$'

bad() { # CONTENT MESSAGE
    printf "$1" >bad.csv
    run eval sts -m "$MODEL" bad.csv
    expect_rc 1
    expect_no_out
    expect_err_has "$2"
}
test_case 'what is wrong names the line'
bad 'a,b,1\nc,d\n' 'line 2: 2 fields instead of 3'
bad 'a,b,1\nc,d,2,e\n' 'line 2: 4 fields instead of 3'
bad 'a,b,1\nc,d,x\n' "line 2: the third field, 'x', is not a number"
bad 'a,b,1\nc,d,\n' 'line 2: the third field'
bad 'a,b,nan\nc,d,1\ne,f,2\n' "line 1: the third field, 'nan', is not a finite number"
bad 'a,b,1\nc,d,inf\n' "line 2: the third field, 'inf', is not a finite number"
bad 'a,b,2\nc,d,1\0zzz\ne,f,3\n' "line 2: the third field, '1', is not a number"
bad 'a,b,score\nc,d\n' 'line 2: 2 fields instead of 3'
bad 'a,b,1\n"c,d,2\n' 'line 2: a quote that is never closed'
bad 'a,b,1\n"c"d,e,2\n' 'line 2: text after a closing quote'
bad 'a,b,1\n\xff,e,2\n' 'line 2: invalid UTF-8 at byte 0'
bad ',,,,,,,,,,,,,,,,,,,,,,,,,,\n' 'more than 15 fields'
bad '' 'needs at least two pairs'
bad 'a,b,1\n' 'needs at least two pairs'

test_case 'scores that do not vary: no figure'
printf 'a,b,1\nc,d,1\n' >flat.csv
run eval sts -m "$MODEL" flat.csv --json
expect_rc 0
expect_out_has '"pearson":null,"spearman":null'

test_case 'options of embedding are taken'
run eval sts -m "$MODEL" plain.csv --json -d 8 --prompt query -t 1 --pooling cls
expect_rc 0
expect 'no effect' test "$(cat out)" != "$(cat plain.out)"

test_case 'usage'
run eval
expect_rc 2
run eval ndcg plain.csv
expect_rc 2
expect_err_has 'what to measure comes first: sts, cls, ner or qa'
run eval sts
expect_rc 2
run eval sts -m "$MODEL" /nowhere.csv
expect_rc 1
expect_err 'gte: eval: cannot read /nowhere.csv: No such file or directory'

for language in en zh; do
    csv=$SHARED/text/stsb/stsb-$language-dev.csv
    dir=$SHARED/models/$language-embed-tiny
    if [ ! -f "$csv" ] || [ ! -d "$dir" ]; then
        skip "STS-B $language" 'no reference data'
        continue
    fi
    test_case "STS-B $language: converts, and the figure is the reference's"
    run convert "$dir" tiny.gte
    expect_rc 0
    run eval sts -m tiny.gte "$csv" --json
    expect_rc 0
    # the forward pass of tests/golden/make_golden.py, in float64, over these weights and pairs
    want=$([ $language = en ] && echo 0.648055 || echo 0.654991)
    expect "spearman is not $want: $(cat out)" python -c "
import json
o = json.load(open('out'))
assert o['pairs'] == 1500 and abs(o['spearman'] - $want) <= 1e-3"
done

test_case 'tabs do not separate'
tr , '\t' <plain.csv >plain.tsv
run eval sts -m "$MODEL" plain.tsv
expect_rc 1
expect_no_out
expect_err 'gte: eval: line 1: 1 field instead of 3: sentence, sentence, score; comma-separated expected, found tabs'

finish
