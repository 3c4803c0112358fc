/* The labels to choose from where a request names none: topics and feelings, each with a text that
 * says more than the name, since a vector of one word is vague. */
#include "tasks/default_labels.h"

#include "base/utf8.h"

static const gte_label topics_zh[] = {
    {"科技", "科技、互联网、人工智能"}, {"体育", "体育、比赛、运动员"},
    {"财经", "财经、股票、公司、市场"}, {"娱乐", "娱乐、电影、音乐、明星"},
    {"教育", "教育、学校、考试"},       {"健康", "健康、医疗、疾病"},
    {"旅游", "旅游、景点、酒店"},       {"社会", "社会、民生、法律"},
    {"美食", "美食、餐厅、做饭"},       {"天气", "天气、气温、下雨"},
};
static const gte_label topics_en[] = {
    {"technology", "technology, computers and software"},
    {"sports", "sports, matches and athletes"},
    {"business", "business, companies and the stock market"},
    {"entertainment", "entertainment, films, music and celebrities"},
    {"education", "education, schools and exams"},
    {"health", "health, medicine and illness"},
    {"travel", "travel, sights and hotels"},
    {"society", "society, law and politics"},
    {"food", "food, restaurants and cooking"},
    {"weather", "weather, temperature and rain"},
};
static const gte_label feelings_zh[] = {
    {"正面", "非常好，很满意，喜欢，推荐"},
    {"负面", "非常差，很失望，讨厌，糟糕"},
};
static const gte_label feelings_en[] = {
    {"positive", "very good, satisfied, I love it, recommended"},
    {"negative", "very bad, disappointed, I hate it, terrible"},
};

#define SET(table)                                                                                 \
    (gte__default_labels)                                                                          \
    {                                                                                              \
        table, sizeof(table) / sizeof *(table)                                                     \
    }

gte__default_labels gte__default_labels_of(gte_task task, const char *text, size_t size)
{
    const bool chinese = gte__utf8_is_chinese(text, size);
    if (task == GTE_TASK_SENTIMENT) return chinese ? SET(feelings_zh) : SET(feelings_en);
    return chinese ? SET(topics_zh) : SET(topics_en);
}
