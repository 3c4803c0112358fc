"use strict";
// What the page says, in English and Chinese, and an example for each task.
const WORDS = {
  en: {
    other: "中文", text: "Text", run: "Run", answer: "Answer", json: "JSON", copy: "Copy", copied: "Copied",
    longest: "up to {0} tokens",
    command: "The same from a shell", live: "This server", key: "API key",
    labels: "Labels, separated by commas (empty: the usual ones)", took: "{0} ms in the server",
    cached: ", from the cache", cut: "; the text was longer than the model reads and was cut",
    relation: "relation", event: "event", none: "nothing found", unreachable: "The server does not answer.",
    figures: { uptime: "Up", total_requests: "Requests", avg: "Mean time", p95: "95th percentile",
      memory: "Memory", cpu: "CPU", hits: "From the cache", queue: "Waiting" },
    tasks: {
      sentiment: ["Sentiment", "Is it praise or complaint?", "The room was clean and the staff were very kind, I would come again."],
      classification: ["Topic", "Which of the labels fits best?", "Shares of chip makers rose sharply after the earnings report."],
      qa: ["Question", "The text, a bar, and a question about it.", "The bridge was opened in 1932. It is 503 metres long.|How long is the bridge?"],
      ner: ["Entities", "Names of people, places and organisations.", "Ada Lovelace met Charles Babbage in London."],
      relation: ["Relations", "Who does what to whom.", "Tim Cook is the chief executive of Apple."],
      event: ["Events", "What happened, and who took part.", "On 28 July the visitors lost the final 0-1."],
      similarity: ["Similarity", "Texts, one a line: how alike is each pair?", "How do I open an account?\nI would like to become a customer\n怎样开户？\nThe weather is fine today\n今天天气很好"],
    },
  },
  zh: {
    other: "English", text: "文本", run: "运行", answer: "结果", json: "JSON", copy: "复制", copied: "已复制",
    longest: "最多 {0} 个词元",
    command: "用命令行做同样的事", live: "本服务", key: "API 密钥",
    labels: "标签，用逗号分开（留空则用默认标签）", took: "服务端用时 {0} 毫秒",
    cached: "，来自缓存", cut: "；文本超过模型长度，已截断",
    relation: "关系", event: "事件", none: "没有结果", unreachable: "服务没有回应。",
    figures: { uptime: "已运行", total_requests: "请求数", avg: "平均用时", p95: "95 分位",
      memory: "内存", cpu: "CPU", hits: "缓存命中", queue: "等待中" },
    tasks: {
      sentiment: ["情感分析", "是表扬还是抱怨？", "这个产品的质量非常好，我非常满意。"],
      classification: ["文本分类", "哪个标签最合适？", "财报发布后，芯片公司的股票大涨。"],
      qa: ["问答", "先写上下文，再写竖线和问题。", "大莱龙铁路位于山东省北部环渤海地区，西起德大铁路，东至龙口西站。|大莱龙铁路位于哪里？"],
      ner: ["命名实体", "人名、地名、机构名。", "2022年北京冬奥会在北京举行。"],
      relation: ["关系抽取", "谁和谁是什么关系。", "张三担任公司的技术总监。"],
      event: ["事件抽取", "发生了什么，谁参与了。", "7月28日，天津泰达在德比战中以0-1负于天津天海。"],
      similarity: ["相似度", "每行一条文本，两两之间有多像？", "怎样开户？\n我想办一张银行卡\nHow do I open an account?\n今天天气很好\nThe weather is fine today"],
    },
  },
};
