# tests/cli/run.sh BIN MODEL: every test of the command, counts added up. Run with `bash`; not
# executable, because tests/run_all.sh runs the scripts beside it one by one.
here=$(dirname "$0")
passed=0 failed=0
for script in "$here"/*.sh; do
    [ -x "$script" ] || continue
    echo "# $(basename "$script")"
    while IFS= read -r line; do
        case $line in
        "ok "*) passed=$((passed + 1)) ;;
        "not ok "*) failed=$((failed + 1)) && echo "$line" ;;
        *) echo "$line" ;;
        esac
    done < <("$script" "$@" 2>&1)
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
