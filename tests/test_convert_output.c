/* What stands under the output name, and beside it, when a conversion cannot finish: a full disk, a
 * folder that may not be written, cancellation, an output that must not be replaced. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "convert/convert.h"
#include "model_dir.h"
#include "support.h"

/* Files of a folder, "." and ".." aside. */
static int count_files(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;
    while (dir && readdir(dir)) n++;
    if (dir) closedir(dir);
    return n - 2;
}

static const char *new_folder(const char *name)
{
    const char *path = support_tmp_path("%s", name);
    mkdir(path, 0755);
    return path;
}

static void check_kept(const char *path, const char *text)
{
    size_t size = 0;
    char *data = support_read_file(path, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    CU_ASSERT_STRING_EQUAL(data, text);
    free(data);
}

static void kept_on_failure(void)
{
    model_dir_options bad = {.poison = "encoder.layer.1.output.dense.weight", .poison_bits = ~0u};
    const char *dir = model_dir_make("bad", &bad), *folder = new_folder("kept");
    char out[1100];
    snprintf(out, sizeof out, "%s/m.gte", folder);
    support_write_file(out, "before", 6);
    gte_error err = {0};
    CU_ASSERT_EQUAL(gte_convert(dir, out, NULL, &err), GTE_E_FORMAT);
    CU_ASSERT_EQUAL(count_files(folder), 1);
    check_kept(out, "before");
    CU_ASSERT_EQUAL(gte_convert(model_dir_make("fine", NULL), out, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(count_files(folder), 1); /* replaced */
    struct stat st;
    CU_ASSERT_EQUAL(stat(out, &st), 0);
    CU_ASSERT_TRUE(st.st_size > 4096);
}

static int stop_after;

static int cancelled(void *arg)
{
    (void)arg;
    return stop_after-- <= 0;
}

/* Cancelled at every place where the converter looks. */
static void cancel(void)
{
    const char *dir = model_dir_make("cancel", NULL), *folder = new_folder("cancelled");
    char out[1100];
    snprintf(out, sizeof out, "%s/m.gte", folder);
    gte_convert_options options = {.cancelled = cancelled};
    int stops = 0;
    gte_status status = GTE_E_CANCELLED;
    for (; status != GTE_OK && stops < 10000; stops++) {
        gte_error err = {0};
        stop_after = stops;
        status = gte_convert(dir, out, &options, &err);
        CU_ASSERT_EQUAL(count_files(folder), status == GTE_OK);
        if (status != GTE_OK && status != GTE_E_CANCELLED) break;
    }
    CU_ASSERT_EQUAL(status, GTE_OK);
    CU_ASSERT_TRUE(stops > 10);
}

typedef struct seen {
    uint64_t last, total;
    int calls, backwards;
} seen;

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    seen *s = arg;
    s->backwards += done < s->last || done > total;
    s->last = done;
    s->total = total;
    s->calls++;
}

static void progress(void)
{
    seen s = {0};
    gte_convert_options options = {.progress = on_progress, .arg = &s, .dtype = "f32"};
    gte_error err = {0};
    const char *out = support_tmp_path("progress.gte");
    CU_ASSERT_EQUAL(gte_convert(model_dir_make("progress", NULL), out, &options, &err), GTE_OK);
    struct stat st;
    CU_ASSERT_EQUAL(stat(out, &st), 0);
    CU_ASSERT_TRUE(s.calls > 5 && s.backwards == 0);
    CU_ASSERT_EQUAL(s.last, s.total);
    CU_ASSERT_EQUAL(s.total, (uint64_t)st.st_size);
}

static void refused(const char *dir, const char *out, const gte_convert_options *options,
                    gte_status status, const char *what)
{
    gte_error err = {0};
    CU_ASSERT_EQUAL(gte_convert(dir, out, options, &err), status);
    if (!strstr(err.message, what)) fprintf(stderr, "\n%s\n", err.message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, what));
    CU_ASSERT_EQUAL(gte_convert(dir, out, options, NULL), status);
}

static void arguments(void)
{
    const char *dir = model_dir_make("arguments", NULL);
    const char *out = support_tmp_path("arguments.gte");
    char path[1100];
    gte_convert_options options = {.dtype = "int4"};
    refused(NULL, out, NULL, GTE_E_ARGUMENT, "needed");
    refused(dir, NULL, NULL, GTE_E_ARGUMENT, "needed");
    refused(dir, "", NULL, GTE_E_ARGUMENT, "empty");
    refused(dir, out, &options, GTE_E_UNSUPPORTED, "dtype \"int4\"");
    options.dtype = "BF16";
    refused(dir, out, &options, GTE_E_UNSUPPORTED, "dtype \"BF16\"");
    refused("/no/such/model", out, NULL, GTE_E_IO, "/no/such/model: No such file");
    refused("tests/golden/make_torch_bin.py", out, NULL, GTE_E_IO, "not a directory");
    refused(new_folder("empty"), out, NULL, GTE_E_IO, "config.json: No such file");
    refused(dir, dir, NULL, GTE_E_IO, "is a directory");
    refused(dir, "/dev/null", NULL, GTE_E_IO, "no regular file");
    refused(dir, "/no/such/folder/m.gte", NULL, GTE_E_IO, "No such file");
    refused(dir, "/proc/m.gte", NULL, GTE_E_IO, "cannot be written");
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    refused(dir, path, NULL, GTE_E_ARGUMENT, "own files");
    CU_ASSERT_EQUAL(access(out, F_OK), -1);
}

/* Numbers that f32 holds and the type does not, or not what is made of them: refused, and without
 * undefined behaviour on the way (make test-ubsan). */
static void too_large(void)
{
    static const struct {
        const char *tensor, *dtype, *what;
    } cases[] = {
        {"encoder.layer.1.attention.self.query.weight", "bf16", "is too large for bf16"},
        {"embeddings.word_embeddings.weight", "bf16", "is too large for bf16"},
        /* gains that are folded into products: infinity, and infinity less infinity */
        {"embeddings.LayerNorm.weight", "int8", "layer 0: a number is too large for int8"},
        {"encoder.layer.0.output.LayerNorm.bias", "int8", "layer 1: a number is too large"},
        {"encoder.layer.1.attention.output.LayerNorm.weight", "int8", "layer 1: a number is too"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const model_dir_options made = {.poison = cases[i].tensor, .poison_bits = 0x7f7fffff};
        const char *dir = model_dir_make("too-large", &made);
        const char *out = support_tmp_path("too-large.gte");
        gte_convert_options options = {.dtype = cases[i].dtype};
        refused(dir, out, &options, GTE_E_FORMAT, cases[i].what);
        CU_ASSERT_EQUAL(access(out, F_OK), -1);
        options.dtype = "f32";
        CU_ASSERT_EQUAL(gte_convert(dir, out, &options, NULL), GTE_OK);
        CU_ASSERT_EQUAL(unlink(out), 0);
    }
}

/* A file of the directory, under its name, a symbolic link's, another hard link's. */
static void own_files(void)
{
    static const char *const names[] = {"config.json", "vocab.txt", "README.md", "sub/config.json"};
    char dir[1024], path[1100], link_path[1100];
    snprintf(dir, sizeof dir, "%s", model_dir_make("own-files", NULL));
    snprintf(path, sizeof path, "%s/sub", dir);
    mkdir(path, 0755);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (access(path, F_OK) != 0) support_write_file(path, "text", 4);
        refused(dir, path, NULL, GTE_E_ARGUMENT, "own files");
        snprintf(link_path, sizeof link_path, "%s-%zu", support_tmp_path("soft"), i);
        CU_ASSERT_EQUAL(symlink(path, link_path), 0);
        refused(dir, link_path, NULL, GTE_E_ARGUMENT, "own files");
        snprintf(link_path, sizeof link_path, "%s-%zu", support_tmp_path("hard"), i);
        CU_ASSERT_EQUAL(link(path, link_path), 0);
        refused(dir, link_path, NULL, GTE_E_ARGUMENT, "own files");
    }
}

/* Into the directory itself, twice: what the first left is replaced. */
static void into_directory(void)
{
    char path[1100];
    const char *dir = model_dir_make("into", NULL);
    gte_error err = {0};
    snprintf(path, sizeof path, "%s/model.gte", dir);
    CU_ASSERT_EQUAL(gte_convert(dir, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(gte_convert(dir, path, NULL, &err), GTE_OK);
}

/* A symbolic link stays one, and what it leads to is replaced. */
static void through_link(void)
{
    const char *folder = new_folder("linked"), *dir = model_dir_make("link", NULL);
    char target[1100], path[1100];
    struct stat st;
    gte_error err = {0};
    snprintf(target, sizeof target, "%s/m.gte", folder);
    snprintf(path, sizeof path, "%s", support_tmp_path("link.gte"));
    support_write_file(target, "before", 6);
    CU_ASSERT_EQUAL(symlink(target, path), 0);
    CU_ASSERT_EQUAL(gte_convert(dir, path, NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(lstat(path, &st), 0);
    CU_ASSERT_TRUE(S_ISLNK(st.st_mode));
    CU_ASSERT_EQUAL(lstat(target, &st), 0);
    CU_ASSERT_TRUE(S_ISREG(st.st_mode) && st.st_size > 4096);
    CU_ASSERT_EQUAL(count_files(folder), 1);
}

static void kill_process(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    if (done > total / 2) kill(getpid(), SIGKILL);
}

/* Where the file system can hold files without a name. */
static void killed(void)
{
    const char *folder = new_folder("killed"), *dir = model_dir_make("kill", NULL);
    char out[1100];
    snprintf(out, sizeof out, "%s/m.gte", folder);
    int status, fd = open(folder, O_TMPFILE | O_WRONLY, 0600);
    if (fd < 0) {
        support_skip("no unnamed files here");
        return;
    }
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        gte_convert_options options = {.progress = kill_process};
        gte_convert(dir, out, &options, NULL);
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    CU_ASSERT_EQUAL(count_files(folder), 0);
}

/* Not for root, whom permissions do not stop: in a child that has given that up. */
static void read_only(void)
{
    const char *dir = model_dir_make("read-only", NULL), *folder = new_folder("locked");
    char out[1100];
    snprintf(out, sizeof out, "%s/m.gte", folder);
    chmod(folder, 0555);
    chmod(support_tmp(), 0755);
    pid_t child = fork();
    if (child == 0) {
        gte_error err = {0};
        if (getuid() == 0 && setuid(65534) != 0) _exit(3);
        gte_status status = gte_convert(dir, out, NULL, &err);
        _exit(status == GTE_E_IO && strstr(err.message, "Permission denied") ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(count_files(folder), 0);
    chmod(folder, 0755);
}

static void full_disk(void)
{
    const char *folder = new_folder("small-disk"), *dir = model_dir_make("disk", NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=16k") != 0) {
        support_skip("a small tmpfs needs root");
        return;
    }
    char out[1100];
    snprintf(out, sizeof out, "%s/m.gte", folder);
    support_write_file(out, "before", 6);
    gte_error err = {0};
    CU_ASSERT_EQUAL(gte_convert(dir, out, NULL, &err), GTE_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "no space left on the disk"));
    CU_ASSERT_EQUAL(count_files(folder), 1);
    check_kept(out, "before");
    CU_ASSERT_EQUAL(umount(folder), 0);
}

/* The folder of the output is then the current one. */
static void relative_path(void)
{
    char here[1024], dir[1024];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    snprintf(dir, sizeof dir, "%s", model_dir_make("relative", NULL));
    CU_ASSERT_EQUAL_FATAL(chdir(dir), 0);
    gte_error err = {0};
    CU_ASSERT_EQUAL(gte_convert(".", "here.gte", NULL, &err), GTE_OK);
    CU_ASSERT_EQUAL(access("here.gte", R_OK), 0);
    CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
}

int main(void)
{
    static const support_case cases[] = {
        {"a failure keeps the file that was there", kept_on_failure},
        {"cancelled at every place", cancel},
        {"progress counts the bytes of the file", progress},
        {"arguments", arguments},
        {"numbers too large for the type", too_large},
        {"the model's own files are kept", own_files},
        {"into the model directory", into_directory},
        {"through a symbolic link", through_link},
        {"killed in the middle", killed},
        {"a folder that may not be written", read_only},
        {"a full disk", full_disk},
        {"a path without a folder", relative_path},
    };
    return SUPPORT_MAIN("convert output", cases);
}
