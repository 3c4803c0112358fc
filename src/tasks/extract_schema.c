/* The schemas of the tasks, as the cards of SiameseUIE and RexUniNLU give them: such models are
 * Chinese, and know these names from their training. */
#include "tasks/extract_schema.h"

#include <string.h>

static const gte_schema_node ner[] = {
    {"人物", -1},
    {"地理位置", -1},
    {"组织机构", -1},
    {"时间", -1},
};

/* {subject's type: {relation(object's type)}} */
static const gte_schema_node relation[] = {
    {"组织机构", -1},          {"创始人(人物)", 0},   {"董事长(人物)", 0},
    {"总部地点(地理位置)", 0}, {"成立日期(时间)", 0},
};

/* {event(trigger): {role}} */
static const gte_schema_node event[] = {
    {"胜负(事件触发词)", -1}, {"时间", 0}, {"败者", 0}, {"胜者", 0}, {"赛事名称", 0},
};

/* {aspect: {polarity(opinion)}} */
static const gte_schema_node sentiment[] = {
    {"属性词", -1},
    {"正向情感(情感词)", 0},
    {"负向情感(情感词)", 0},
    {"中性情感(情感词)", 0},
};

#define NODES(table) table, sizeof(table) / sizeof *(table)

static gte_status take(gte_result *r, const gte_schema_node *nodes, size_t count, gte_error *err)
{
    if (!gte__buffer_reserve(&r->schema, count, sizeof *nodes))
        return gte__fail(err, GTE_E_MEMORY, 0, "out of memory for a schema");
    memcpy(r->schema.data, nodes, count * sizeof *nodes);
    r->schema_count = count;
    return GTE_OK;
}

gte_status gte__schema_complete(gte_result *r, gte_error *err)
{
    if (r->schema_count) return GTE_OK;
    switch (r->task) {
    case GTE_TASK_RELATION:
        return take(r, NODES(relation), err);
    case GTE_TASK_EVENT:
        return take(r, NODES(event), err);
    case GTE_TASK_SENTIMENT:
        return take(r, NODES(sentiment), err);
    default:
        return take(r, NODES(ner), err);
    }
}
