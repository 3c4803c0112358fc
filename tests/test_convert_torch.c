/* pytorch_model.bin: the committed files of tests/golden/torch (make_torch_bin.py), the same cut
 * and damaged, and pickles by hand for what the machine must refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/checkpoint.h"
#include "convert/convert.h"
#include "convert/pickle.h"
#include "model_dir.h"
#include "support.h"

static char *golden(const char *name, size_t *size)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/torch/%s", name);
    char *data = support_read_file(path, size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    return data;
}

/* A model directory whose weights are that file. */
static const char *dir_with(const char *name, const char *bin)
{
    const char *dir = model_dir_make(name, NULL);
    size_t size;
    char *data = golden(bin, &size);
    model_dir_put(dir, "model.safetensors", NULL);
    model_dir_put_bytes(dir, "pytorch_model.bin", data, size);
    free(data);
    return dir;
}

static void expect_convert(const char *dir, gte_status status, const char *what)
{
    gte_error err = {0};
    gte_status got = gte_convert(dir, support_tmp_path("out.gte"), NULL, &err);
    if (got != status || !strstr(err.message, what))
        fprintf(stderr, "\nexpected %s\n     got %d %s\n", what, got, err.message);
    CU_ASSERT_EQUAL(got, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, what));
}

static void whole_files(void)
{
    expect_convert(dir_with("plain", "plain.bin"), GTE_OK, "");
    expect_convert(dir_with("legacy", "legacy.bin"), GTE_E_UNSUPPORTED,
                   "pytorch_model.bin: the format of torch before 1.6");
    expect_convert(dir_with("deflated", "deflated.bin"), GTE_E_UNSUPPORTED, "is compressed");
    expect_convert(dir_with("evil", "evil.bin"), GTE_E_UNSUPPORTED,
                   "pytorch_model.bin: refers to os.system, which no weights need; nothing was");
    const char *dir = dir_with("text", "plain.bin");
    model_dir_put(dir, "pytorch_model.bin", "version https://git-lfs.github.com/spec/v1\n");
    expect_convert(dir, GTE_E_UNSUPPORTED, "not a zip file");
    model_dir_put(dir, "pytorch_model.bin", "");
    expect_convert(dir, GTE_E_UNSUPPORTED, "not a zip file");
}

static void shards(void)
{
    static const char *const files[] = {"pytorch_model.bin.index.json",
                                        "pytorch_model-00001-of-00002.bin",
                                        "pytorch_model-00002-of-00002.bin"};
    const char *dir = model_dir_make("sharded", NULL);
    model_dir_put(dir, "model.safetensors", NULL);
    for (size_t i = 0; i < 3; i++) {
        char name[96];
        size_t size;
        snprintf(name, sizeof name, "sharded/%s", files[i]);
        char *data = golden(name, &size);
        model_dir_put_bytes(dir, files[i], data, size);
        free(data);
    }
    expect_convert(dir, GTE_OK, "");
    model_dir_put(dir, files[2], NULL);
    expect_convert(dir, GTE_E_IO, "pytorch_model-00002-of-00002.bin: No such file");
}

static gte_status parse(const void *data, size_t size, gte_error *err)
{
    convert__checkpoint checkpoint = {0};
    gte_status status = convert__torch_bin_parse(&checkpoint, "f", data, size, err);
    if (status == GTE_OK) status = convert__checkpoint_sort(&checkpoint, err);
    convert__checkpoint_close(&checkpoint);
    return status;
}

/* Cut at many places: always an error. One byte changed: an error or a sound reading. */
static void damaged(void)
{
    static const char *const names[] = {"plain.bin", "views.bin", "zip64.bin"};
    for (size_t i = 0; i < 3; i++) {
        size_t size, accepted = 0;
        gte_error err;
        char *whole = golden(names[i], &size);
        CU_ASSERT_EQUAL(parse(whole, size, &err), GTE_OK);
        for (size_t n = 0; n < size; n += 1 + n / 64) {
            char *cut = malloc(n ? n : 1);
            CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
            memcpy(cut, whole, n);
            accepted += parse(cut, n, &err) == GTE_OK;
            free(cut);
        }
        CU_ASSERT_EQUAL(accepted, 0);
        uint64_t seed = 5 + i;
        for (int j = 0; j < 4000; j++) {
            size_t at = support_random(&seed) % size;
            char before = whole[at];
            whole[at] = (char)support_random(&seed);
            parse(whole, size, &err);
            whole[at] = before;
        }
        free(whole);
    }
}

/* plain.bin with one place of its content changed. */
static void contents(void)
{
    static const struct {
        const char *from, *to; /* of one length */
        size_t size;
        gte_status status;
        const char *what;
    } cases[] = {
        {"little", "bigger", 6, GTE_E_UNSUPPORTED, "byteorder: saved on a big-endian machine"},
        {"archive/data/0PK\1\2", "archive/data/xPK\1\2", 18, GTE_E_FORMAT,
         "tensor embeddings.word_embeddings.weight: its storage 0 is missing"},
        {"K\200t", "K\377t", 3, GTE_E_FORMAT,
         "its storage should hold 255 elements of 4 bytes, found 512 bytes"},
        {"K\20K\10\206", "K\21K\10\206", 5, GTE_E_FORMAT,
         "reaches outside its storage of 128 elements"},
        {"archive/data.pklPK\1\2", "archive_data.pklPK\1\2", 20, GTE_E_FORMAT,
         "without one data.pkl"},
        {"embeddings.word_emb", "embeddings.\0ord_emb", 19, GTE_E_FORMAT, "or with NUL"},
        {"archive/byteorderPK\1\2", "archive/x/data.pklK\1\2", 21, GTE_E_FORMAT, ""},
        {"archive/data/1PK\1\2", "archive/data/0PK\1\2", 18, GTE_E_FORMAT,
         "two entries of one name"},
    };
    size_t size;
    char *data = golden("plain.bin", &size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gte_error err = {0};
        char *at = memmem(data, size, cases[i].from, cases[i].size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        memcpy(at, cases[i].to, cases[i].size);
        gte_status status = parse(data, size, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].what))
            fprintf(stderr, "\n%zu: %d %s\n", i, status, err.message);
        CU_ASSERT_EQUAL(status, cases[i].status);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].what));
        memcpy(at, cases[i].from, cases[i].size);
    }
    free(data);
}

/* The zip directory with one field changed: place from the end of plain.bin's first entry. */
static void zip_fields(void)
{
    static const struct {
        size_t at; /* in the central entry (46 bytes + name), or in the end record */
        bool end;
        uint8_t value;
        const char *what;
    } cases[] = {
        {0, false, 0, "no directory entry"},
        {8, false, 1, "an encrypted entry"},
        {10, false, 8, "is compressed"},
        {24, false, 1, "is compressed"}, /* sizes differ */
        {28, false, 255, ""},
        {29, false, 255, "cut"},
        {44, false, 255, "local header is not where"},
        {8 + 2, true, 255, "more entries than its directory holds"},
        {16 + 2, true, 255, "a directory outside the file"},
        {12 + 3, true, 255, "a directory outside the file"},
        {20, true, 7, "without its end"},
    };
    size_t size;
    char *data = golden("plain.bin", &size);
    size_t end = size - 22, central = 0;
    for (unsigned i = 0; i < 4; i++) central |= (size_t)(uint8_t)data[end + 16 + i] << (8 * i);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = cases[i].at + (cases[i].end ? end : central);
        char before = data[at];
        gte_error err = {0};
        data[at] = (char)cases[i].value;
        CU_ASSERT_NOT_EQUAL(parse(data, size, &err), GTE_OK);
        if (!strstr(err.message, cases[i].what)) fprintf(stderr, "\n%zu: %s\n", i, err.message);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, cases[i].what));
        data[at] = before;
    }
    free(data);
}

typedef struct seen {
    unsigned count;
    convert__pickled last;
} seen;

static gte_status on_tensor(void *arg, const convert__pickled *tensor, gte_error *err)
{
    seen *s = arg;
    s->count++;
    s->last = *tensor;
    return gte__ok(err);
}

static gte_status run(const void *data, size_t size, seen *s, gte_error *err)
{
    *s = (seen){0};
    *err = (gte_error){0};
    return convert__pickle_read("f", data, size, on_tensor, s, err);
}

#define STORAGE                                                                                    \
    "(X\7\0\0\0storagectorch\nHalfStorage\nX\1\0\0\0"                                              \
    "7X\3\0\0\0cpuK\020tQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define TENSOR REBUILD "(" STORAGE "K\2K\2K\3\206K\3K\1\206\211ccollections\nOrderedDict\n)RtR"
#define NAME "X\1\0\0\0w"

#define P(bytes) bytes, sizeof bytes - 1
static const struct {
    const char *data;
    size_t size;
    gte_status status;
    const char *what;
    unsigned tensors;
} pickle_cases[] = {
    {P("\200\2}."), GTE_OK, "", 0},
    {P("\200\2}" NAME TENSOR "s."), GTE_OK, "", 1},
    {P("\200\2}(" NAME TENSOR "X\1\0\0\0vK\1u."), GTE_OK, "", 1},
    {P("\200\2ccollections\nOrderedDict\n)R" NAME TENSOR "s."), GTE_OK, "", 1},
    {P("\200\4\225\0\0\0\0\0\0\0\0}\224\214\1w\224\214\5torch\214\013HalfStorage\223"
       "0N0" TENSOR "s."),
     GTE_OK, "", 1},
    {P("\200\4}\224\214\1w" TENSOR "s."), GTE_OK, "", 1},
    {P("\200\2}" NAME "ctorch._utils\n_rebuild_parameter\n" TENSOR "\210ccollections\n"
       "OrderedDict\n)R\207Rs."),
     GTE_OK, "", 1},
    {P("\200\2}q\0" NAME "q\1" TENSOR "q\2sh\0h\1h\2s."), GTE_OK, "", 2},
    {P("\200\2}]K\1aN(K\1K\2e\212\1\377"
       "0b."),
     GTE_E_FORMAT, "append to something", 0},
    {P("\200\2}](K\1K\2ej\0\0\0\0."), GTE_E_FORMAT, "an empty memo slot", 0},
    {P("\200\2}G\0\0\0\0\0\0\0\0"
       "b."),
     GTE_OK, "", 0},
    {P("\200\2}NM\1\2J\377\377\377\377U\1xT\1\0\0\0x\215\1\0\0\0\0\0\0\0x)\205"
       "0000000."),
     GTE_OK, "", 0},
    {P(""), GTE_E_FORMAT, "cut at byte 0", 0},
    {P("\200\2}"), GTE_E_FORMAT, "cut", 0},
    {P("\200\2."), GTE_E_FORMAT, "an empty stack", 0},
    {P("\200\2N."), GTE_E_FORMAT, "something else than a dictionary", 0},
    {P("\200\6}."), GTE_E_FORMAT, "an unknown protocol", 0},
    {P("\200\2(."), GTE_E_FORMAT, "an empty stack", 0},
    {P("\200\2t."), GTE_E_FORMAT, "no mark", 0},
    {P("\200\2}(K\1u."), GTE_E_FORMAT, "a key without a value", 0},
    {P("\200\2N(K\1K\1u."), GTE_E_FORMAT, "no dictionary", 0},
    {P("\200\2NK\1K\1s."), GTE_E_FORMAT, "no dictionary", 0},
    {P("\200\2NNb."), GTE_E_FORMAT, "attributes for something", 0},
    {P("\200\2}q\5."), GTE_E_FORMAT, "a memo slot out of order", 0},
    {P("\200\2q\0."), GTE_E_FORMAT, "a memo slot out of order", 0},
    {P("\200\2}h\0."), GTE_E_FORMAT, "an empty memo slot", 0},
    {P("\200\2X\377\377\377\377."), GTE_E_FORMAT, "cut inside a string", 0},
    {P("\200\2\212\011"
       "123456789."),
     GTE_E_FORMAT, "more than 64 bits", 0},
    {P("\200\2ctorch"), GTE_E_FORMAT, "cut inside a name", 0},
    {P("\200\2ctorch\nFloat"), GTE_E_FORMAT, "cut inside a name", 0},
    {P("\200\2NN\223."), GTE_E_FORMAT, "a name that is no string", 0},
    {P("\200\2\214\2os\214\6system\223."), GTE_E_UNSUPPORTED, "refers to os.system", 0},
    {P("\200\2c__builtin__\neval\n."), GTE_E_UNSUPPORTED, "__builtin__.eval", 0},
    {P("\200\2ctorch\nQInt8Storage\n."), GTE_E_UNSUPPORTED, "torch.QInt8Storage", 0},
    {P("\200\2i."), GTE_E_FORMAT, "opcode 0x69", 0},
    {P("\200\2NNR."), GTE_E_FORMAT, "a call of something that is not known", 0},
    {P("\200\2" REBUILD ")R."), GTE_E_FORMAT, "arguments for torch._utils._rebuild_tensor_v2", 0},
    {P("\200\2" REBUILD "(NK\2)))tR."), GTE_E_FORMAT, "unexpected arguments", 0},
    {P("\200\2" REBUILD "(" STORAGE "J\377\377\377\377))tR."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2" REBUILD "(" STORAGE "K\0K\1\205)tR."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2" REBUILD "(" STORAGE "K\0N\205N\205tR."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2" REBUILD "(" STORAGE "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1tq\0h\0tR."), GTE_E_FORMAT,
     "unexpected", 0},
    {P("\200\2ccollections\nOrderedDict\nK\1\205R."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2ctorch\nFloatStorage\n)R."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2ctorch._utils\n_rebuild_parameter\nN\205R."), GTE_E_FORMAT, "unexpected", 0},
    {P("\200\2NQ."), GTE_E_FORMAT, "a storage that is not described", 0},
    {P("\200\2)Q."), GTE_E_FORMAT, "a storage that is not described", 0},
    {P("\200\2(NNNNNtQ."), GTE_E_FORMAT, "a storage that is not described", 0},
};

static void pickles(void)
{
    for (size_t i = 0; i < sizeof pickle_cases / sizeof pickle_cases[0]; i++) {
        seen s;
        gte_error err;
        char *exact = malloc(pickle_cases[i].size ? pickle_cases[i].size : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, pickle_cases[i].data, pickle_cases[i].size);
        gte_status status = run(exact, pickle_cases[i].size, &s, &err);
        bool right = status == pickle_cases[i].status && s.count == pickle_cases[i].tensors &&
                     strstr(err.message, pickle_cases[i].what);
        if (!right) fprintf(stderr, "\ncase %zu: %d %u %s\n", i, status, s.count, err.message);
        CU_ASSERT_TRUE(right);
        free(exact);
    }
}

static void description(void)
{
    static const char data[] = "\200\2}" NAME TENSOR "s.";
    seen s;
    gte_error err;
    CU_ASSERT_EQUAL(run(data, sizeof data - 1, &s, &err), GTE_OK);
    CU_ASSERT_EQUAL(s.last.dtype, CONVERT__F16);
    CU_ASSERT_EQUAL(s.last.storage_count, 16);
    CU_ASSERT_EQUAL(s.last.offset, 2);
    CU_ASSERT_EQUAL(s.last.rank, 2);
    CU_ASSERT_TRUE(s.last.shape[0] == 2 && s.last.shape[1] == 3);
    CU_ASSERT_TRUE(s.last.strides[0] == 3 && s.last.strides[1] == 1);
    CU_ASSERT_TRUE(s.last.key_size == 1 && s.last.key[0] == '7');
    char *large = calloc(CONVERT__PICKLE_MAX + 1, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    CU_ASSERT_EQUAL(run(large, CONVERT__PICKLE_MAX + 1, &s, &err), GTE_E_FORMAT);
    memset(large, 'N', CONVERT__PICKLE_MAX); /* the deepest stack that the limit allows */
    CU_ASSERT_EQUAL(run(large, CONVERT__PICKLE_MAX, &s, &err), GTE_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cut"));
    free(large);
}

int main(void)
{
    static const support_case cases[] = {
        {"files as torch writes them, and not", whole_files},
        {"shards", shards},
        {"cut and damaged files", damaged},
        {"the fields of the zip directory", zip_fields},
        {"what the entries hold", contents},
        {"pickles", pickles},
        {"what a tensor's pickle says", description},
    };
    return SUPPORT_MAIN("convert torch", cases);
}
