#!/bin/bash
# The manual pages and the completions name the options that the command has, and are well formed.
. "$(dirname "$0")/lib.sh"
man=$root/docs/man
completion=$root/src/cli/completion
commands=$("$GTE" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')

options_of() { "$GTE" "$1" --help | sed -nE 's/^  (-[a-zA-Z], |    )(--[a-z-]+).*/\2/p' | sort; }
letters_of() { "$GTE" "$1" --help | sed -nE 's/^  (-[a-zA-Z]), (--[a-z-]+).*/\1 \2/p' | sort; }

test_case 'the commands of the overview'
expect "$commands" test "$(echo $commands)" = \
    'embed similarity search tokenize predict eval train bench profile cache serve info verify convert pull list rm version help'

for command in $commands; do
    options_of "$command" >help.options
    letters_of "$command" >help.letters
    page=$man/gte-$command.1

    if [ "$command" != help ]; then
        test_case "gte-$command.1 has the options of gte $command"
        awk '/^\.SH/ { inside = $2 == "OPTIONS" } inside && last == ".TP"; { last = $0 }' "$page" |
            sed -nE 's/\\-/-/g; s/^\.BR? (-[a-zA-Z] ", " )?(--[a-z-]+).*/\1\2/p' >man.raw
        sed -E 's/.*(--)/\1/' man.raw | sort >man.options
        sed -nE 's/^(-[a-zA-Z]) ", " /\1 /p' man.raw | sort >man.letters
        expect "$(diff help.options man.options)" cmp -s help.options man.options
        expect "$(diff help.letters man.letters)" cmp -s help.letters man.letters
    fi

    test_case "bash completes the options of gte $command"
    sed -nE "/^ +$command\)\$/,/;;/p" "$completion/gte.bash" | grep -oE -- '--[a-z-]+' |
        sort -u >bash.options
    expect "$(diff help.options bash.options)" cmp -s help.options bash.options

    test_case "zsh completes the options of gte $command"
    sed -n "/^        $command)\$/,/;;\$/p" "$completion/_gte" |
        grep -oE -- "(\{-[a-z]\+?,|')--[a-z-]+(=\}|\}|=?\[)" | grep -oE -- '--[a-z-]+' |
        sort -u >zsh.options
    expect "$(diff help.options zsh.options)" cmp -s help.options zsh.options

    test_case "fish completes the options of gte $command"
    sed -nE "s/.*\"__fish_seen_subcommand_from $command\" -l ([a-z-]+).*/--\1/p" \
        "$completion/gte.fish" | sort >fish.options
    expect "$(diff help.options fish.options)" cmp -s help.options fish.options
    sed -nE "s/.*\"__fish_seen_subcommand_from $command\" -l ([a-z-]+) -s ([a-zA-Z]) .*/-\2 --\1/p" \
        "$completion/gte.fish" | sort >fish.letters
    expect "$(diff help.letters fish.letters)" cmp -s help.letters fish.letters
done

server=$(dirname "$GTE")/gte-server
if [ -x "$server" ]; then
    test_case 'gte-server.1 has the options of gte-server'
    "$server" --help | sed -nE 's/^  (-[a-zA-Z], |    )(--[a-z-]+).*/\2/p' | sort >help.options
    sed -nE 's/\\-/-/g; s/^\.BR? (-[a-zA-Z] ", " )?(--[a-z-]+).*/\2/p' "$man/gte-server.1" |
        sort -u >man.options
    expect "$(diff help.options man.options)" cmp -s help.options man.options

    test_case 'gte-server --list-options has the options of gte-server'
    "$server" --list-options | sed 's/^\([a-z-]*\)\t.*/--\1/' | sort >list.options
    expect "$(diff help.options list.options)" cmp -s help.options list.options
    expect 'four columns' test "$("$server" --list-options | awk -F '\t' 'NF != 4')" = ''

    PATH=$(dirname "$server"):$PATH
    completion=$root/server/completion
    # complete_server WORD...: what bash offers for the last word
    complete_server() {
        bash -c '. "$1"; shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _gte_server && printf "%s\n" "${COMPREPLY[@]}"' complete \
            "$completion/gte-server.bash" "$@" | sort | tr '\n' ' '
    }
    test_case 'bash completes gte-server'
    expect 'all options' test "$(complete_server gte-server --)" = "$(tr '\n' ' ' <help.options)"
    expect 'one' test "$(complete_server gte-server --warm)" = '--warm-up '
    expect 'a switch' test "$(complete_server gte-server --warm-up '')" = 'off on '
    expect 'a level after =' test "$(complete_server gte-server --log-level = w)" = 'warning '
    expect 'a number has none' test "$(complete_server gte-server -t '')" = ' '
    touch model.gte
    expect 'a file' test "$(complete_server gte-server -m mod)" = 'model.gte '
    expect 'a word beside files' test "$(complete_server gte-server --cache mem)" = 'memory '

    if command -v zsh >/dev/null; then
        test_case 'zsh completes gte-server'
        zsh -c '. "$1"; _gte_server_specs gte-server' complete "$completion/_gte-server" >zsh.specs
        sed -nE 's/^(\([^)]*\))?(--[a-z-]+).*/\2/p' zsh.specs | sort >zsh.options
        expect "$(diff help.options zsh.options)" cmp -s help.options zsh.options
        expect 'a switch' grep -q '^--warm-up=\[.*\]:value:(on off)$' zsh.specs
        expect 'a letter' grep -q '^(-m --model)-m+\[.*\]:file:_files$' zsh.specs
        expect 'one without a value' grep -q '^--check\[.*\]$' zsh.specs
    else
        skip 'zsh completes gte-server' 'no zsh'
    fi
    if command -v fish >/dev/null; then
        test_case 'fish completes gte-server'
        fish_offers() {
            fish -c '. $argv[1]; complete -C $argv[2]' "$completion/gte-server.fish" "$1" 2>&1 |
                cut -f 1 | sort
        }
        fish_offers 'gte-server --' >fish.options
        expect "$(diff help.options fish.options)" cmp -s help.options fish.options
        expect 'a switch' test "$(fish_offers 'gte-server --warm-up ' | tr '\n' ' ')" = 'off on '
        expect 'a word beside files' test "$(fish_offers 'gte-server --cache mem')" = memory
    else
        skip 'fish completes gte-server' 'no fish'
    fi
    completion=$root/src/cli/completion
else
    skip 'gte-server.1 has the options of gte-server' 'no gte-server'
fi

test_case 'the manual pages are well formed'
for page in "$man"/*.1; do
    if command -v mandoc >/dev/null; then
        mandoc -T lint -W warning "$page" >lint 2>&1 || complain "$(head -n 3 lint)"
    fi
    if command -v groff >/dev/null; then
        groff -man -ww -T utf8 "$page" >/dev/null 2>lint
        [ ! -s lint ] || complain "$(head -n 3 lint)"
    fi
    expect "$page: title" grep -q '^\.TH GTE' "$page"
done

test_case 'gte.1 names every command and every exit code'
for command in $commands; do
    expect "$command" grep -q "gte\\\\-$command (1)" "$man/gte.1"
    expect "no page of $command" test -f "$man/gte-$command.1"
done
for code in 0 1 2 130 141; do
    expect "$code" grep -q "^\.B $code\$" "$man/gte.1"
done

# complete WORD...: what bash offers for the last word
complete_words() {
    bash -c '. "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _gte && printf "%s\n" "${COMPREPLY[@]}"' complete "$completion/gte.bash" "$@" |
        sort | tr '\n' ' '
}
test_case 'bash completion at work'
expect 'command' test "$(complete_words gte emb)" = 'embed '
expect 'option' test "$(complete_words gte embed --no-n)" = '--no-normalize '
expect 'choice' test "$(complete_words gte embed --format js)" = 'json jsonl '
expect 'choice after =' test "$(complete_words gte embed --format = n)" = 'npy '
expect 'help' test "$(complete_words gte help con)" = 'convert '
expect 'eval' test "$(complete_words gte eval '')" = 'cls ner qa sts '
touch model.gte
expect 'file' test "$(complete_words gte info mod)" = 'model.gte '

for shell in bash zsh fish; do
    case $shell in bash) file=gte.bash ;; zsh) file=_gte ;; fish) file=gte.fish ;; esac
    if command -v $shell >/dev/null; then
        test_case "$shell reads its completion"
        $shell -n "$completion/$file" 2>err || complain "syntax"
    else
        skip "$shell reads its completion" "no $shell"
    fi
done

finish
