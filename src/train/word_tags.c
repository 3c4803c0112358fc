/* What tags mean, and what may follow what. */
#include "word_tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static gte_status read_tag(train__tags *tags, const char *name, train__tag *out, gte_error *err)
{
    *out = (train__tag){'O', 0};
    if (strcmp(name, "O") == 0) return GTE_OK;
    if (!strchr("BIESM", name[0]) || (name[1] != '-' && name[1] != '_') || !name[2])
        return gte__fail(err, GTE_E_ARGUMENT, 0,
                         "'%.60s' is no tag: O, B-TYPE, I-TYPE, E-TYPE or S-TYPE", name);
    out->part = name[0] == 'M' ? 'I' : name[0];
    if (out->part == 'E' || out->part == 'S') tags->closed = true;
    return train__label_add(&tags->types, name + 2, strlen(name + 2), &out->type, err);
}

/* Reads the labels that are new since the last call. */
static gte_status read_labels(const train__label_set *labels, train__tags *tags, gte_error *err)
{
    gte_status status = GTE_OK;
    train__tag *of = realloc(tags->of, (labels->count + 1) * sizeof *of);
    if (!of) return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for tags");
    tags->of = of;
    for (; tags->count < labels->count && status == GTE_OK; tags->count++)
        status = read_tag(tags, labels->names[tags->count], &of[tags->count], err);
    return status;
}

bool train__tag_follows(const train__tags *tags, uint32_t a, uint32_t b)
{
    const train__tag out = {'O', 0};
    const train__tag from = a == TRAIN__NO_LABEL ? out : tags->of[a];
    const train__tag to = b == TRAIN__NO_LABEL ? out : tags->of[b];
    const bool goes_on = to.part == 'I' || to.part == 'E';
    const bool within = from.part == 'B' || from.part == 'I';
    if (goes_on) return within && from.type == to.type;
    return !within || !tags->closed;
}

uint32_t train__tag_going_on(const train__tags *tags, uint32_t label)
{
    const train__tag tag = tags->of[label];
    if (tag.part == 'O' || tag.part == 'I') return label;
    if (tag.part != 'B') return TRAIN__NO_LABEL;
    for (uint32_t i = 0; i < tags->count; i++)
        if (tags->of[i].part == 'I' && tags->of[i].type == tag.type) return i;
    return TRAIN__NO_LABEL;
}

/* The label B-TYPE of an I-TYPE, which may be a new one. */
static gte_status beginning_of(train__examples *examples, train__tags *tags, uint32_t label,
                               uint32_t *out, gte_error *err)
{
    char name[TRAIN__LABEL_BYTES + 1];
    snprintf(name, sizeof name, "%s", examples->labels.names[label]);
    name[0] = 'B';
    gte_status status = train__label_add(&examples->labels, name, strlen(name), out, err);
    return status == GTE_OK ? read_labels(&examples->labels, tags, err) : status;
}

static gte_status check_sentence(train__examples *examples, train__tags *tags, size_t sentence,
                                 size_t *repaired, gte_error *err)
{
    const train__example *example = &examples->items[sentence];
    train__mark *marks = examples->marks + example->first;
    uint32_t before = TRAIN__NO_LABEL;
    for (uint32_t i = 0; i < example->count; i++) {
        gte_status status = GTE_OK;
        const bool fits = train__tag_follows(tags, before, marks[i].label);
        if (!fits && tags->closed)
            return gte__fail(err, GTE_E_ARGUMENT, 0, "word %u: %.40s after %.40s", i + 1,
                             examples->labels.names[marks[i].label],
                             i ? examples->labels.names[before] : "the start");
        if (!fits) {
            status = beginning_of(examples, tags, marks[i].label, &marks[i].label, err);
            ++*repaired;
        }
        if (status != GTE_OK) return status;
        before = marks[i].label;
    }
    if (!train__tag_follows(tags, before, TRAIN__NO_LABEL))
        return gte__fail(err, GTE_E_ARGUMENT, 0, "the sentence ends within a span: %.40s",
                         examples->labels.names[before]);
    return GTE_OK;
}

gte_status train__tags_read(train__examples *examples, train__tags *tags, size_t *repaired,
                            gte_error *err)
{
    memset(tags, 0, sizeof *tags);
    *repaired = 0;
    gte_status status = read_labels(&examples->labels, tags, err);
    for (size_t i = 0; i < examples->count && status == GTE_OK; i++) {
        status = check_sentence(examples, tags, i, repaired, err);
        if (status != GTE_OK && err) err->index = i;
    }
    return status;
}

void train__tags_free(train__tags *tags)
{
    train__label_set_free(&tags->types);
    free(tags->of);
    memset(tags, 0, sizeof *tags);
}

size_t train__tags_spans(const train__tags *tags, const uint32_t *labels, size_t n,
                         train__span *spans)
{
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        const train__tag first = tags->of[labels[i]];
        size_t end = i + 1;
        while (end < n && first.part != 'O' &&
               train__tag_follows(tags, labels[end - 1], labels[end]) &&
               strchr("IE", tags->of[labels[end]].part))
            end++;
        if (first.part != 'O')
            spans[count++] = (train__span){(uint32_t)i, (uint32_t)end, first.type};
        i = end;
    }
    return count;
}

void train__spans_tally(const train__span *truth, size_t present, const train__span *predicted,
                        size_t claimed, train__tally *tally)
{
    for (size_t i = 0; i < present; i++) tally->of[truth[i].type].present++;
    for (size_t i = 0; i < claimed; i++) tally->of[predicted[i].type].claimed++;
    for (size_t i = 0, j = 0; i < present && j < claimed;) {
        if (truth[i].start == predicted[j].start && truth[i].end == predicted[j].end &&
            truth[i].type == predicted[j].type)
            tally->of[truth[i].type].right++;
        if (truth[i].start <= predicted[j].start)
            i++;
        else
            j++;
    }
}
