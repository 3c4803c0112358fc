#!/bin/sh
# tests/demo.sh GTE MODEL: what `make demo` shows. Needs nothing but the two.
set -eu
gte=$1
model=$2
show_command() {
    printf '\n$ gte'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}
show() {
    show_command "$@"
    printf '\n'
    "$gte" "$@"
}

cat <<'TEXT'

This is the stand-in model: made while building, of hand-made word groups and seeded noise. It has
no trained knowledge: it finds words that two texts share, and words of one group (cat, dog, 猫).
It shows how the commands work; for meaning, convert a real model.
TEXT
GTE_MODEL=$model
export GTE_MODEL

show similarity "The cat and the dog eat." "Banks buy and sell stock." "We cook noodles for lunch." \
    "猫和狗吃肉" "银行买卖股票" "我们煮面吃"

corpus=$(dirname "$model")/demo-lines.txt
cat >"$corpus" <<'TEXT'
The bank raised the price of credit.
We had noodles and tea for lunch.
She plays the piano and sings.
The train to Beijing was late this morning.
Rain and wind all week, then sun.
Puppies and kittens need food twice a day.
猫狗都是宠物
老师在学校教学生读书
医生说要多睡觉多喝水
足球比赛今晚开始
TEXT
printf '\n%s holds %s lines of English and Chinese.\n' "$corpus" "$(wc -l <"$corpus")"
show search --corpus "$corpus" --top 2 "cats and dogs" "weather" "football match" "音乐和歌"

show embed --dims 8 "hello world" "你好，世界"

show_command info "$model"
printf ' | head -n 7\n'
"$gte" info "$model" | head -n 7

cat <<'TEXT'

The command is build/gte; `make install` puts it into PATH as gte. `make serve` serves this model
over HTTP:

    curl localhost:5000/v1/embeddings -H 'Content-Type: application/json' \
        -d '{"input": "hello world"}'

Next, in README.md: "With a real model".
TEXT
