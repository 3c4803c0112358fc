/* The converter reads a directory, so the file is linked into a scratch one. */
#include "tokenizer_fixture.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert/tokenizer_pack.h"
#include "convert/vocabulary.h"
#include "support.h"

static const char *link_directory(const char *tokenizer_json)
{
    static unsigned number;
    static char full[PATH_MAX];
    if (!realpath(tokenizer_json, full)) return NULL;
    const char *dir = support_tmp_path("tokenizer-%u", number);
    const char *link = support_tmp_path("tokenizer-%u/tokenizer.json", number++);
    return mkdir(dir, 0700) == 0 && symlink(full, link) == 0 ? dir : NULL;
}

bool tokenizer_fixture_open(tokenizer_fixture *out, const char *tokenizer_json)
{
    const gte_convert_options options = {0};
    convert__source source = {link_directory(tokenizer_json), &options};
    convert__vocabulary vocabulary = {0};
    gte_error err = {0};
    const convert__config config = {.vocab_size = UINT32_MAX};
    memset(out, 0, sizeof *out);
    if (!source.dir) {
        fprintf(stderr, "%s: cannot be linked into a scratch folder\n", tokenizer_json);
        return false;
    }
    gte_status status = convert__vocabulary_read(&vocabulary, &source, &config, &err);
    if (status == GTE_OK)
        status = convert__tokenizer_pack(&vocabulary.desc, &out->section, &out->size, &err);
    convert__vocabulary_free(&vocabulary);
    if (status == GTE_OK) status = gte__tokenizer_open(&out->tok, out->section, out->size, &err);
    if (status == GTE_OK) return true;
    fprintf(stderr, "%s: %s\n", tokenizer_json, err.message);
    tokenizer_fixture_close(out);
    return false;
}

void tokenizer_fixture_close(tokenizer_fixture *fixture)
{
    free(fixture->section);
    memset(fixture, 0, sizeof *fixture);
}
