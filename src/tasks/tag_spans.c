/* Label names to marks and types, and labelled words to entities.
 *
 * Three families of names are one automaton. BIO, IO and bare types are read as HuggingFace's
 * TokenClassificationPipeline reads them: B- begins, everything else goes on with what is before it
 * when that is of the same kind, and begins otherwise. Where names mark ends too, E and S close.
 * A label that continues nothing begins an entity of its own, and O ends one; ModelScope's pipeline
 * differs there (O closes nothing), which joins what stands apart. */
#include <string.h>

#include "tasks/tags.h"

static bool is_outside(const char *label)
{
    return label[0] == 'O' && !label[1];
}

bool gte__tags_mark_ends(const gte_head *head)
{
    bool begins = false, ends = false;
    for (size_t i = 0; i < head->header->labels; i++) {
        const char *label = head->labels[i];
        if (is_outside(label)) continue;
        if (!label[0] || label[1] != '-' || !strchr("BIMELSU", label[0])) return false;
        begins |= label[0] == 'B';
        ends |= strchr("ELSU", label[0]) != NULL;
    }
    return begins && ends;
}

gte__tag gte__tag_of(const gte_head *head, bool marks_ends, size_t label)
{
    const char *name = head->labels[label], *dash = strchr(name, '-');
    const char *type = dash ? dash + 1 : name;
    if (is_outside(type)) return (gte__tag){GTE__MARK_OUTSIDE, "O", "O"};
    if (dash != name + 1) return (gte__tag){GTE__MARK_INSIDE, name, type};
    switch (name[0]) {
    case 'B':
        return (gte__tag){GTE__MARK_BEGIN, type, type};
    case 'I':
        return (gte__tag){GTE__MARK_INSIDE, type, type};
    case 'M':
        return (gte__tag){GTE__MARK_INSIDE, marks_ends ? type : name, type};
    default:
        if (!marks_ends) return (gte__tag){GTE__MARK_INSIDE, name, type};
        return (gte__tag){strchr("EL", name[0]) ? GTE__MARK_END : GTE__MARK_SINGLE, type, type};
    }
}

size_t gte__tag_spans(const gte_head *head, const gte__unit *units, size_t count,
                      gte__tag_span *out)
{
    const bool marks_ends = gte__tags_mark_ends(head);
    const char *open = NULL; /* the group of the entity that may go on */
    size_t spans = 0;
    for (size_t i = 0; i < count; i++) {
        const gte__tag tag = gte__tag_of(head, marks_ends, units[i].label);
        const bool goes_on = tag.mark == GTE__MARK_INSIDE || tag.mark == GTE__MARK_END;
        if (tag.mark == GTE__MARK_OUTSIDE) {
            open = NULL;
            continue;
        }
        if (open && goes_on && strcmp(open, tag.group) == 0)
            out[spans - 1].last = (uint32_t)i;
        else
            out[spans++] = (gte__tag_span){(uint32_t)i, (uint32_t)i, 0.0};
        open = tag.mark == GTE__MARK_END || tag.mark == GTE__MARK_SINGLE ? NULL : tag.group;
    }
    return spans;
}
