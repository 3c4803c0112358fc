/* The word groups of the stand-in model: words of one line share a direction, so that its vectors
 * have something to show. Hand-made; single Chinese characters stand beside the English words. */
#ifndef MODELS_STANDIN_WORDS_H
#define MODELS_STANDIN_WORDS_H

/* Separated by spaces. The first line is the words of grammar, which get no shared direction. */
static const char *const standin_groups[] = {
    "the a an and or but if of to in on at by for with from as is are was were be been being am do "
    "does did has have had will would can could should may might must not no yes this that these "
    "those it its he she they we you i me my your his her our their them us him who what when "
    "where why how which there here then than so too very just only also about into over under "
    "after before between again more most some any all each every other one two three many much "
    "new old good bad big small long short first last 的 了 是 在 我 有 他 这 中 上 个 们 来 到 说 "
    "不 就 和 也 你 很 都 会 她 它 那 吗 呢 吧 着 过 与 而 或 把 被 让 从 为 以 于",
    "cat cats kitten kittens dog dogs puppy puppies pet pets animal animals bird birds horse cow "
    "pig sheep tiger lion mouse rabbit monkey elephant wolf fox bear 猫 狗 鸟 马 牛 猪 羊 虎 狮 鼠 "
    "兔 猴 象 狼 熊 宠 兽 犬",
    "eat eats eating food dinner lunch breakfast meal cook cooking kitchen bread rice noodles soup "
    "meat beef chicken fruit apple banana orange cake sugar salt restaurant delicious hungry 吃 饭 "
    "餐 食 菜 面 肉 米 汤 果 苹 蕉 糖 盐 饿 厨 煮",
    "drink drinks water tea coffee milk juice beer wine cup bottle thirsty 喝 水 茶 咖 啡 奶 酒 杯 瓶 "
    "渴",
    "weather rain rains raining rainy sun sunny snow wind windy cloud clouds storm cold hot warm "
    "cool temperature summer winter spring autumn 天 气 雨 晴 雪 风 云 冷 热 暖 凉 温 夏 冬 春 秋",
    "money bank account pay paid payment price cost dollar dollars buy sell cheap expensive market "
    "stock stocks trade card credit loan cash shop store shopping 钱 银 行 账 付 价 元 买 卖 贵 市 股 "
    "票 贷 款 卡 商 店",
    "music song songs sing sings singing singer guitar piano play plays playing drum violin band "
    "concert listen sound dance dancing 音 乐 歌 唱 琴 弹 曲 舞 听 奏 吉 钢",
    "computer computers software program programs programming code data file files memory server "
    "network internet phone algorithm sort search model vector machine learning 电 脑 算 法 程 序 码 "
    "数 据 网 络 机 器 软 件 内 存 向 量",
    "city town street road house home building capital country village bridge park station airport "
    "hotel china beijing shanghai london paris france england america 城 市 街 路 房 屋 楼 国 京 都 海 "
    "村 桥 站 宾 馆",
    "car cars bus train trains plane bike bicycle drive drives driving ride travel trip journey "
    "walk fly flight ticket fast slow 车 汽 火 飞 骑 旅 游 走 驾 速 快 慢 船",
    "school student students teacher teachers class lesson study learn learns read reads reading "
    "book books write writes writing university exam test library paper 学 校 生 师 课 习 读 书 写 考 试 "
    "教 室 纸",
    "doctor hospital health sick illness pain medicine drug patient nurse blood heart head body "
    "cough fever sleep sleeps sleeping tired 医 院 病 药 痛 健 康 护 血 心 头 身 睡 累 烧",
    "football soccer basketball tennis game games team win wins winner lose match player players "
    "sport sports run runs running swim ball 球 赛 胜 输 队 员 运 动 跑 泳 足 篮",
    "family mother father son daughter brother sister child children baby boy boys girl girls man "
    "men woman women friend friends people person love loves 家 妈 爸 父 母 儿 女 子 哥 姐 弟 妹 孩 男 "
    "人 友 爱 朋",
    "work works working job company office manager meeting business boss worker employee project "
    "report email letter 工 作 公 司 班 会 议 经 理 老 板 职 业 报",
    "happy glad joy smile laugh fun great wonderful beautiful nice like likes enjoy best 高 兴 笑 喜 "
    "欢 美 丽 棒 好 幸 福",
    "sad angry cry fear afraid hate terrible awful worse worst sorry lonely 悲 伤 怒 哭 怕 恨 坏 糟 "
    "难 孤",
    "day night morning evening today tomorrow yesterday week month year time hour minute clock "
    "monday sunday early late now soon 日 夜 早 晚 今 明 昨 周 月 年 时 分 钟 点 现",
    "tree trees flower flowers grass forest mountain mountains river lake sea ocean beach island "
    "sky star stars moon earth nature green garden 树 花 草 林 山 河 湖 洋 岛 星 地 球 自 然 绿 园",
    "red blue yellow white black color paint picture pictures photo art film movie movies watch "
    "watches see look camera 红 蓝 黄 白 黑 色 画 图 照 片 影 视 看",
    "law police court judge crime prison government president minister vote election war peace "
    "army soldier 法 律 警 察 罪 狱 政 府 总 统 选 战 争 和 平 军 兵",
};
#define STANDIN_GROUPS (sizeof(standin_groups) / sizeof(standin_groups[0]))

#endif
