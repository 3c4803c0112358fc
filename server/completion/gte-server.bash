# Completion of gte-server for bash. The options are those that the program itself lists.

_gte_server()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} name letter value
    local options=
    COMPREPLY=()

    # readline breaks words at "=": the option is one word further back
    if [ "$cur" = "=" ]; then
        cur=
    elif [ "$prev" = "=" ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi

    while IFS=$'\t' read -r name letter value _; do
        options="$options --$name"
        [ "$value" != - ] || continue
        [ "$prev" = "--$name" ] || [ "$prev" = "-$letter" ] || continue
        case $value in
            N) return ;;
            LEVEL) value='debug|info|warning|error' ;;
        esac
        case $value in
            FILE*|PATH|DIR)
                compopt -o filenames 2>/dev/null
                COMPREPLY=($(compgen -f -- "$cur")) ;;
        esac
        COMPREPLY+=($(compgen -W "$(printf '%s' "$value" | tr '|' '\n' | grep -v '[A-Z]')" -- "$cur"))
        return 0
    done < <("${COMP_WORDS[0]}" --list-options 2>/dev/null)
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
}

complete -F _gte_server gte-server
