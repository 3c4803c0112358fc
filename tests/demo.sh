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

This is the model in the box: 3.9 MB, English and Chinese (models/nano/README.md). Paraphrases come out
above unrelated sentences, in one language and across both.
TEXT
GTE_MODEL=$model
export GTE_MODEL

show similarity "A man is playing a guitar." "Someone plays a musical instrument." \
    "The stock market fell sharply today." "一个男人在弹吉他。" "今天股市大跌。"

corpus=$(dirname "$model")/demo-lines.txt
cat >"$corpus" <<'TEXT'
The bank raised the interest rate on loans.
We had noodles and tea for lunch.
She plays the piano and sings.
The train to Beijing was late this morning.
Rain and wind all week, then sun.
Puppies and kittens need food twice a day.
我忘了登录密码，怎么办？
老师在学校教学生读书
医生说要多睡觉多喝水
足球比赛今晚开始
TEXT
printf '\n%s holds %s lines of English and Chinese.\n' "$corpus" "$(wc -l <"$corpus")"
show search --corpus "$corpus" --top 2 "I cannot sign in to my account" "a sports game" \
    "音乐" "what will the weather be like"

show embed --dims 8 "hello world" "你好，世界"

printf '\nTasks without a trained head, by likeness; and with one, of gte train:\n'
show predict --task classification --labels "sports games,money,food" "the team won"
show predict --task qa "The library opens at nine. Bring your card.|When does the library open?"
head=$(dirname "$0")/../models/nano/banking77.gte
if cmp -s "$model" "$(dirname "$head")/nano.gte"; then # it is for the model in the box alone
    show_command predict --head models/nano/banking77.gte "I lost my card"
    printf ' | head -c 60\n'
    "$gte" predict --head "$head" "I lost my card" | head -c 60
    printf '...\n'
fi

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
