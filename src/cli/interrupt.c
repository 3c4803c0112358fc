/* Signals, and standard descriptors that the parent closed. */
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

/* What the handler writes to, so that a signal wakes those who wait, also when it comes between
 * their look at the flag and their system call. -1: no such pipe. */
static int wake_from = -1, wake_to = -1;

static void on_signal(int number)
{
    int error = errno;
    (void)number;
    interrupted = 1;
    if (wake_to >= 0) (void)!write(wake_to, "", 1);
    errno = error;
}

bool cli__interrupted(void)
{
    return interrupted != 0;
}

int cli__open_waiting(const char *path, int flags)
{
    int fd;
    do {
        errno = EINTR;
        fd = interrupted ? -1 : open(path, flags | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR && !interrupted);
    return fd;
}

bool cli__wait_readable(int fd)
{
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = wake_from, .events = POLLIN}};
    while (!interrupted)
        if (poll(polled, 2, -1) >= 0 || (errno != EINTR && errno != EAGAIN)) return !interrupted;
    return false;
}

static void catch_signal(int number)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN) return;
    sigaction(number, &action, NULL);
}

void cli__interrupt_setup(void)
{
    static const int wrong_mode[3] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", wrong_mode[fd]) < 0)
            return;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        wake_from = ends[0];
        wake_to = ends[1];
    }
    signal(SIGPIPE, SIG_IGN);
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
}
