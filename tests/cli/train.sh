#!/bin/bash
# gte train: what it reads, what it makes, how good that is, and what it refuses.
. "$(dirname "$0")/lib.sh"
nano=$root/models/nano/nano.gte

# Sentences about three things, made of parts; seeds 1 and 2 are different ones.
sentences() { # SEED COUNT
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(seed)
        split("the pasta|this soup|a fresh salad|the roast|my breakfast|the cake", food, "|")
        split("was delicious|needs more salt|is served with bread|tasted of lemon", eaten, "|")
        split("the goalkeeper|our team|the striker|this match|the league|the coach", sport, "|")
        split("won the final|missed a penalty|plays on Saturday|scored twice", played, "|")
        split("the bank|my credit card|this loan|the interest|a transfer|the account", money, "|")
        split("costs too much|was refused|is due on Monday|earns two percent", paid, "|")
        for (i = 0; i < count; i++) {
            a = int(rand() * 6) + 1; b = int(rand() * 4) + 1
            if (i % 3 == 0) print "food," food[a] " " eaten[b]
            if (i % 3 == 1) print "sport," sport[a] " " played[b]
            if (i % 3 == 2) print "money," money[a] " " paid[b]
        }
    }'
}
{ echo label,text && sentences 1 90; } >train.csv
{ echo label,text && sentences 2 30; } >test.csv
figure() { python -c "import json; print(json.load(open('out'))$1)"; }
at_least() { python -c "import sys; sys.exit(not $1 >= $2)"; }

test_case 'a classifier from CSV'
run train -m "$nano" --test test.csv -o head.gte --json train.csv
expect_rc 0
expect_no_err
expect 'accuracy' at_least "$(figure '["test"]["accuracy"]')" 0.9
expect 'examples' test "$(figure '["examples"]')" = 90
expect 'labels' test "$(figure '["labels"]')" = 3
expect 'converged' test "$(figure '["converged"]')" = True
expect 'head' test "$(head -c 8 head.gte)" = GTEHEAD1
expect 'a temporary file is left' test "$(find . -name '*.tmp' -o -name '*part*' | wc -l)" = 0

test_case 'the same again, the same bytes'
run train -m "$nano" -o again.gte train.csv
expect_rc 0
expect 'differs' cmp -s head.gte again.gte
expect_out_has '^method    logistic, C '
expect_out_has 'chosen$'

test_case 'the weights are the optimum of the objective, in float64 from the formula'
tail -n +2 train.csv | cut -d, -f2 >texts
tail -n +2 train.csv | cut -d, -f1 >labels
"$GTE" embed -m "$nano" -f texts --format npy -o x.npy
for c in 1 100; do
    run train -m "$nano" --folds 0 --c $c -o c.gte train.csv
    expect_rc 0
    slope=$(python "$tests/logistic.py" gradient x.npy labels c.gte $c)
    expect "gradient $slope" at_least 1.2e-5 "$slope"
done

test_case 'the same from TSV without a header, from chosen columns, from JSONL, from a pipe'
plain='--folds 0 --json'
run train -m "$nano" $plain -o c.gte train.csv
tail -n +2 train.csv | sed 's/^\([^,]*\),\(.*\)/\2\t\1/' >train.tsv
run train -m "$nano" $plain -o tsv.gte train.tsv
expect_rc 0
expect 'TSV differs' cmp -s c.gte tsv.gte
sed '1s/.*/n,what,of/; 2,$s/\(.*\),\(.*\)/7,\2,\1/' train.csv >columns.csv
run train -m "$nano" $plain -o n.gte --header yes --text-column what --labels-column 3 columns.csv
expect_rc 0
expect 'columns differ' cmp -s c.gte n.gte
run train -m "$nano" $plain -o n.gte --text-column what --labels-column of columns.csv
expect_rc 0
expect 'a named column makes no header' cmp -s c.gte n.gte
run train -m "$nano" --text-column waht --labels-column of columns.csv
expect_rc 2
expect_err_has '--text-column waht: no such column; there are n, what, of$'
tail -n +2 train.csv | sed 's/\(.*\),\(.*\)/{"text": "\2", "label": "\1"}/' >train.jsonl
run train -m "$nano" $plain -o jsonl.gte train.jsonl
expect_rc 0
expect 'JSONL differs' cmp -s c.gte jsonl.gte
cp train.jsonl in
run train -m "$nano" $plain --format jsonl -o pipe.gte -
expect_rc 0
expect 'a pipe differs' cmp -s c.gte pipe.gte

test_case 'several labels a text'
sed 's/"label": "food"/"labels": ["food", "daily"]/; s/"label": "sport"/"labels": []/
    s/"label": "money"/"labels": ["money", "daily"]/' train.jsonl >several.jsonl
run train -m "$nano" --json -o several.gte several.jsonl
expect_rc 0
expect 'several' test "$(figure '["several"]')" = True
expect 'accuracy' at_least "$(figure '["validation"][-1]["accuracy"]')" 0.8
sed 's/^food,/food;daily,/; s/^money,/money; daily,/; s/^sport,/,/' train.csv >several.csv
run train -m "$nano" --json --labels-separator ';' -o again.gte several.csv
expect_rc 0
expect 'CSV differs' cmp -s several.gte again.gte

test_case 'prototypes of a few examples'
head -n 10 train.csv >few.csv
run train -m "$nano" --method prototype --test test.csv --json few.csv
expect_rc 0
expect 'accuracy' at_least "$(figure '["test"]["accuracy"]')" 0.7
run train -m "$nano" --method prototype few.csv
expect_out_has '^each example left out in turn, 9 examples$'

# ---- words -------------------------------------------------------------------------------------

words() { # SEED COUNT
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(seed)
        split("Berlin Paris London Madrid Rome Vienna", town, " ")
        split("Anna Peter Maria John Paul Susan", given, " ")
        split("Smith Brown Miller Jones Taylor Wilson", family, " ")
        for (i = 0; i < count; i++) {
            printf "%s B-PER\n%s I-PER\n", given[int(rand() * 6) + 1], family[int(rand() * 6) + 1]
            printf "lives O\nin O\n%s B-LOC\n. O\n\n", town[int(rand() * 6) + 1]
        }
    }'
}
words 1 60 >train.conll
words 2 20 >test.conll
test_case 'a tagger of words'
for method in crf logistic; do
    run train -m "$nano" --task ner --method $method --test test.conll -o ner.gte --json train.conll
    expect_rc 0
    expect_no_err
    expect "$method: F1" at_least "$(figure '["test"]["span_f1"]')" 0.9
    expect "$method: spans" test "$(figure '["test"]["labels"][0]["present"]')" = 20
done
sed 's/B-/I-/' train.conll >iob1.conll
run train -m "$nano" --task ner --json --folds 0 iob1.conll
expect_rc 0
expect_err_has '^gte: train: 120 spans began with I-'

# ---- what is refused ------------------------------------------------------------------------------

refused() { # PATTERN ARGS...: exit code 1, no report, no head
    local pattern=$1
    shift
    rm -f bad.gte
    run train -m "$nano" -o bad.gte "$@"
    expect_rc 1
    expect_no_out
    expect_err_has "$pattern"
    expect 'a head was written' test ! -e bad.gte
}
test_case 'bad CSV: file and line are named'
sed '5s/.*/food,/' train.csv >bad.csv
refused '^gte: train: bad.csv: line 5: an empty text$' bad.csv
sed '6s/.*/,the text/' train.csv >bad.csv
refused '^gte: train: bad.csv: line 6: an empty label$' bad.csv
sed '7s/.*/food,one,two/' train.csv >bad.csv
refused '^gte: train: bad.csv: line 7: 3 fields instead of 2' bad.csv
sed '8s/.*/food/' train.csv >bad.csv
refused '^gte: train: bad.csv: line 8: 1 field instead of 2' bad.csv
sed '9s/.*/food,a \xff b/' train.csv >bad.csv
refused '^gte: train: bad.csv: line 9: invalid UTF-8 at byte 2' bad.csv
run train -m "$nano" --replace-invalid --folds 0 bad.csv
expect_rc 0
{ cat train.csv && printf '%10240s,text\n' x | tr ' ' y; } >bad.csv
refused '^gte: train: bad.csv: line 92: a label of 10240 bytes' bad.csv
{ cat train.csv && echo 'rare,text'; } >bad.csv
refused "^gte: train: bad.csv: line 92: the only example of 'rare'" bad.csv
grep -E 'label|food' train.csv >bad.csv
refused "^gte: train: bad.csv: there is one label only, 'food'" bad.csv
echo label,text >bad.csv
refused '^gte: train: bad.csv: no examples$' bad.csv
sed '4s/.*/food,"open/' train.csv >bad.csv
refused 'line 4: a quote that is never closed' bad.csv
head -n 4 train.csv >bad.csv
refused 'bad.csv: 3 examples cannot be 5 folds' bad.csv

test_case 'bad JSONL and CoNLL'
sed '3s/.*/{"text": "a", "label": NaN}/' train.jsonl >bad.jsonl
refused '^gte: train: bad.jsonl: line 3: not JSON' bad.jsonl
sed '3s/.*/{"text": "a", "label": 0.5}/' train.jsonl >bad.jsonl
refused '^gte: train: bad.jsonl: line 3: a label must be a string or a whole number' bad.jsonl
sed '3s/.*/{"label": "food"}/' train.jsonl >bad.jsonl
refused '^gte: train: bad.jsonl: line 3: expected' bad.jsonl
sed '4s/.*/alone/' train.conll >bad.conll
refused '^gte: train: bad.conll: line 4: expected a word, a tab or space, a tag$' --task ner bad.conll
sed '4s/.*/in PREP/' train.conll >bad.conll
refused "'PREP' is no tag" --task ner bad.conll
sed 's/[BI]-.*/O/' train.conll >bad.conll
refused 'bad.conll: every word is tagged O' --task ner bad.conll
sed '2s/.*/Smith E-PER/' train.conll >bad.conll
refused 'bad.conll: line [0-9]*: ' --task ner bad.conll
sed '1s/^/\xff/' train.conll >bad.conll
refused 'bad.conll: line 1: invalid UTF-8 at byte 0' --task ner bad.conll
run train -m "$nano" --replace-invalid --task ner --folds 0 bad.conll
expect_rc 0

test_case 'misuse'
for arguments in '' 'a.csv b.csv' '--folds 1 train.csv' '--c 0 train.csv' '--c x train.csv' \
    '--method crf train.csv' '--task ner --method prototype train.conll' '--task ner train.csv --format csv' \
    'train.unknown' '--task qa train.csv' '--labels-column 9 train.csv'; do
    run train -m "$nano" $arguments
    expect "$arguments" test "$rc" = 2
    expect_no_out
done
run train -m "$nano" -o /nowhere/head.gte --folds 0 train.csv
expect_rc 1
expect_err_has '/nowhere/head.gte'

test_case 'labels of the test that were not trained on are told'
sed '2s/^[a-z]*/travel/' test.csv >other.csv
run train -m "$nano" --folds 0 --test other.csv --json train.csv
expect_rc 0
expect_err_has 'other.csv: 1 labels that train.csv lacks count as not found'

# ---- BANKING77 ----------------------------------------------------------------------------------

bank=$SHARED/text/banking77
if [ -f "$bank/train.csv" ]; then
    test_case 'BANKING77, a tenth of it'
    for part in train test; do # records may hold line breaks
        python - "$bank/$part.csv" "bank_$part.csv" <<'P'
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline='')))
csv.writer(open(sys.argv[2], 'w', newline='')).writerows(rows[:1] + rows[1::10])
P
    done
    run train -m "$nano" --folds 0 --c 30 --test bank_test.csv --json bank_train.csv
    expect_rc 0
    expect 'labels' test "$(figure '["labels"]')" = 77
    expect "accuracy $(figure '["test"]["accuracy"]')" at_least "$(figure '["test"]["accuracy"]')" 0.6
else
    skip 'BANKING77, a tenth of it' 'no text/banking77 in ../shared'
fi
finish
