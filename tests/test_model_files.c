/* Paths that are no model files, and one that may not be read: a status and a message, no crash and
 * no waiting. Models with broken bytes: test_model.c. */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "convert/convert.h"
#include "support.h"

#define TINY "tests/golden/tiny"

static gte_status open_path(const char *path)
{
    gte_error err = {0};
    gte_model *model = NULL;
    gte_status status = gte_model_open(&model, path, NULL, &err);
    if (status == GTE_OK) {
        gte_model_close(&model);
    } else {
        CU_ASSERT_PTR_NULL(model);
        CU_ASSERT_TRUE(err.message[0] != '\0');
    }
    return status;
}

static void test_not_a_model(void)
{
    char zeros[8192] = {0};
    const char *path = support_tmp_path("other");
    CU_ASSERT_EQUAL(open_path(support_tmp_path("missing.gte")), GTE_E_IO);
    CU_ASSERT_EQUAL(open_path(support_tmp()), GTE_E_IO);
    CU_ASSERT_EQUAL(open_path(TINY "/config.json/x"), GTE_E_IO);
    CU_ASSERT_EQUAL(open_path(""), GTE_E_IO);
    CU_ASSERT_EQUAL(open_path("/dev/null"), GTE_E_IO);
    CU_ASSERT_EQUAL(open_path(TINY "/model.safetensors"), GTE_E_FORMAT);
    CU_ASSERT_EQUAL(open_path(TINY "/config.json"), GTE_E_FORMAT);
    CU_ASSERT_TRUE_FATAL(support_write_file(path, zeros, sizeof zeros));
    CU_ASSERT_EQUAL(open_path(path), GTE_E_FORMAT);
    /* a pipe that nobody writes to must not hang */
    path = support_tmp_path("pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    CU_ASSERT_EQUAL(open_path(path), GTE_E_IO);
}

static void test_no_permission(void)
{
    const char *path = support_tmp_path("locked.gte");
    CU_ASSERT_EQUAL_FATAL(gte_convert(TINY, path, NULL, NULL), GTE_OK);
    CU_ASSERT_EQUAL_FATAL(chmod(path, 0), 0);
    CU_ASSERT_EQUAL_FATAL(chmod(support_tmp(), 0755), 0);
    pid_t child = fork(); /* root reads everything: become nobody */
    if (child == 0) {
        gte_model *model;
        gte_error err;
        if (getuid() == 0 && setuid(65534) != 0) _exit(2);
        _exit(gte_model_open(&model, path, NULL, &err) == GTE_E_IO ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
}

int main(void)
{
    static const support_case cases[] = {
        {"not a model file", test_not_a_model},
        {"no permission", test_no_permission},
    };
    return SUPPORT_MAIN("model files", cases);
}
