/* Colours, widths and safe text for terminals. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "utf8_text.h"

bool cli__use_color(int choice, int fd)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    if (choice == CLI_COLOR_ALWAYS) return true;
    if (choice == CLI_COLOR_NEVER || (none && *none)) return false;
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

size_t cli__terminal_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd)) return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

size_t cli__show_text(cli_sink *sink, const char *text, size_t size, size_t columns)
{
    size_t fits = columns == SIZE_MAX ? size : cli__fitting(text, size, columns);
    bool cut = fits < size;
    if (cut) fits = columns ? cli__fitting(text, size, columns - 1) : 0;
    for (size_t i = 0, length; i < fits; i += length) {
        uint32_t code;
        length = cli__utf8_next(text + i, fits - i, &code);
        if (code == '\t' || code == '\n' || code == '\r')
            cli__sink_string(sink, " ");
        else if (code == CLI_INVALID || cli__is_control(code))
            cli__sink_string(sink, "\xef\xbf\xbd");
        else
            cli__sink_write(sink, text + i, length);
    }
    if (cut && columns) cli__sink_string(sink, "\xe2\x80\xa6"); /* … */
    return cli__columns(text, fits) + (cut && columns ? 1 : 0);
}
