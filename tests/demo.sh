#!/bin/sh
# tests/demo.sh GTE MODEL: what `make demo` shows. Needs nothing but the two.
set -eu
gte=$1
model=$2
show() {
    printf '\n$ gte'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$gte" "$@"
}

cat <<'TEXT'

This is the stand-in model: made while building, of hand-made word groups and seeded noise. It has
no trained knowledge. It shows how the commands work and how fast; for meaning, convert a real model:

    gte convert /path/to/gte-small gte-small.gte
TEXT
GTE_MODEL=$model
export GTE_MODEL

show info "$model"
show embed --dims 8 "The cat sleeps in the garden." "今天天气很好"
show similarity "The cat sleeps in the garden." "A dog runs in the park." \
    "Stock markets fell today." "猫在花园里睡觉" "今天股票下跌"

corpus=$(dirname "$model")/demo-lines.txt
cat >"$corpus" <<'TEXT'
The bank raised the price of credit.
We had noodles and tea for lunch.
She plays the piano and sings.
The train to Beijing was late this morning.
Rain and wind all week, then sun.
Puppies and kittens need food twice a day.
老师在学校教学生读书
医生说要多睡觉多喝水
足球比赛今晚开始
TEXT
printf '\n%s holds %s lines of English and Chinese.\n' "$corpus" "$(wc -l <"$corpus")"
show search --corpus "$corpus" --top 3 "my dog is hungry" "音乐和歌"
