# Completion of gte for bash. tests/cli/docs.sh compares the options with those of the command.

_gte()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local commands="embed similarity search tokenize predict eval train bench profile cache serve info verify convert pull list rm version help"
    local command=${COMP_WORDS[1]} options=
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$commands --help --version" -- "$cur"))
        return
    fi

    # readline breaks words at "=": the option is one word further back
    if [ "$cur" = "=" ]; then
        cur=
    elif [ "$prev" = "=" ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi

    case $prev in
        -m|--model|--head|-f|--file|-c|--corpus|-o|--output|--test|--cache|--trace|--html)
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$cur"))
            return ;;
        --format)
            options="text json jsonl npy raw"
            case $command in train|eval) options="csv tsv jsonl conll" ;; esac
            COMPREPLY=($(compgen -W "$options" -- "$cur"))
            return ;;
        --aggregation)
            COMPREPLY=($(compgen -W "none simple first average max" -- "$cur"))
            return ;;
        --pooling) COMPREPLY=($(compgen -W "mean cls" -- "$cur")); return ;;
        --color) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
        --backend) COMPREPLY=($(compgen -W "auto packed openblas" -- "$cur")); return ;;
        --task)
            options="ner relation event sentiment classification qa"
            [ "$command" != train ] || options="classification sentiment ner"
            COMPREPLY=($(compgen -W "$options" -- "$cur"))
            return ;;
        --method) COMPREPLY=($(compgen -W "logistic prototype crf" -- "$cur")); return ;;
        --header) COMPREPLY=($(compgen -W "yes no" -- "$cur")); return ;;
        --from) COMPREPLY=($(compgen -W "hf modelscope" -- "$cur")); return ;;
        --dtype) COMPREPLY=($(compgen -W "f32 bf16 int8" -- "$cur")); return ;;
        --labels|--schema|--map|--best|--max-answer|--name|--revision|--c|--folds|--seed|--text-column|--labels-column|--labels-separator|--timeout|--retries|--days|--prompt|--query-prompt|--corpus-prompt|-t|--threads|--batch-tokens|-d|--dims|-k|--top|--max-tokens|--cells|--cell|--rounds|--seconds)
            return ;;
    esac

    case $command in
        embed)
            options="--model --file --jsonl --output --format --dims --pooling --no-truncate
                --prompt --no-normalize --threads --batch-tokens --backend --special-as-text
                --replace-invalid --cache --color --help" ;;
        similarity)
            options="--model --file --jsonl --json --dims --pooling --no-truncate --prompt
                --threads --batch-tokens --backend --special-as-text --replace-invalid --color --help" ;;
        search)
            options="--model --corpus --file --top --jsonl --json --dims --pooling --no-truncate
                --prompt --query-prompt --corpus-prompt --threads --batch-tokens --backend --special-as-text
                --replace-invalid --color --help" ;;
        tokenize)
            options="--model --file --jsonl --max-tokens --truncate --no-special --bytes
                --special-as-text --replace-invalid --help" ;;
        predict)
            options="--model --head --task --file --jsonl --labels --schema --aggregation --best
                --max-answer --no-truncate --logits --raw --pretty --threads --batch-tokens
                --backend --special-as-text --replace-invalid --help" ;;
        eval)
            options="--model --head --format --text-column --labels-column --map --aggregation
                --max-answer --json --dims --pooling --no-truncate --prompt --threads
                --batch-tokens --backend --special-as-text --replace-invalid --help" ;;
        train)
            options="--model --task --output --test --method --format --text-column --labels-column
                --labels-separator --header --c --folds --seed --name --json --replace-invalid --threads
                --batch-tokens --backend --help" ;;
        bench)
            options="--model --cells --threads --backend --task --head --rounds --seconds
                --cold-file --json --help" ;;
        profile)
            options="--model --cell --rounds --cpu --layers --json --trace --html --threads
                --batch-tokens --backend --help" ;;
        cache)
            options="--days --json --help" ;;
        serve)
            options="--model --head --task --host --port --threads --cache --config --check --help" ;;
        info)
            options="--model --head --json --help" ;;
        verify)
            options="--model --quiet --help" ;;
        convert)
            options="--pooling --name --dtype --verbose --help" ;;
        pull)
            options="--revision --dtype --from --name --output --timeout --retries --help" ;;
        list)
            options="--known --json --help" ;;
        rm)
            options="--help" ;;
        version)
            options="--json --help" ;;
        help)
            options="--help" ;;
    esac
    case $cur in
        -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;;
    esac
    case $command in
        help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
        rm)
            COMPREPLY=($(compgen -W "$(command gte list 2>/dev/null | sed 1d | cut -d' ' -f1)" -- "$cur")) ;;
        eval)
            if [ "$COMP_CWORD" -eq 2 ]; then
                COMPREPLY=($(compgen -W "sts cls ner qa" -- "$cur"))
            else
                compopt -o filenames 2>/dev/null
                COMPREPLY=($(compgen -f -- "$cur"))
            fi ;;
        cache)
            if [ "$COMP_CWORD" -eq 2 ]; then
                COMPREPLY=($(compgen -W "stats verify purge vacuum" -- "$cur"))
            else
                compopt -o filenames 2>/dev/null
                COMPREPLY=($(compgen -f -- "$cur"))
            fi ;;
        info|verify|convert)
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$cur")) ;;
    esac
}

complete -F _gte gte
