# Completion of gte-server for fish. The options are those that the program itself lists.

complete -c gte-server -f
gte-server --list-options 2>/dev/null | while read -l -d \t name letter value help
    set -l how -c gte-server -l $name -d $help
    test $letter = -; or set -a how -s $letter
    switch $value
        case -
        case LEVEL
            set -a how -x -a 'debug info warning error'
        case 'FILE|*'
            set -a how -r -F -a (string replace 'FILE|' '' $value | string replace -a '|' ' ')
        case FILE PATH DIR
            set -a how -r -F
        case '*|*'
            set -a how -x -a (string replace -a '|' ' ' $value)
        case '*'
            set -a how -x
    end
    complete $how
end
