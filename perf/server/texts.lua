-- perf/server/texts.lua: wrk sends texts and tells the latencies, as
--     wrk ... -s perf/server/texts.lua URL -- predict|ner|embed|batch zh|en LENGTH [COUNT]
-- A text has LENGTH words of one token (en) or LENGTH characters (zh); all are new, or with COUNT
-- those many over and over. predict: classification. batch: eight texts a request.
local words = {en = {}, zh = {}}
for word in ([[the of and in to was for on with he it as at is by from that his which were are be had
    an but this they not have who new also after one time two first its when their over up other into
    has more city school world year state people war music family world life house group number team
    place area town name book film line part work river water church south north east west]]):gmatch("%S+") do
    words.en[#words.en + 1] = word
end
for word in ("今天气很好我们一起去公园看花吃饭学习工作人大中国上海北京时间地方问题生活"):gmatch("[\1-\127\194-\244][\128-\191]*") do
    words.zh[#words.zh + 1] = word
end
local path, count, number, make = nil, 0, 0, nil

local function text(list, length, gap)
    local out = {}
    for i = 1, length do out[i] = list[math.random(#list)] end
    return '"' .. table.concat(out, gap) .. '"'
end

function init(args)
    local route, language, length = args[1], args[2], tonumber(args[3])
    local list, gap = words[language], language == "en" and " " or ""
    count = tonumber(args[4] or "0")
    local task = ({predict = "classification", ner = "ner"})[route]
    path = task and "/predict" or "/v1/embeddings"
    make = function()
        if task then
            return '{"task_type":"' .. task .. '","input_text":' .. text(list, length, gap) .. "}"
        end
        local texts = {}
        for i = 1, route == "batch" and 8 or 1 do texts[i] = text(list, length, gap) end
        return '{"model":"m","encoding_format":"base64","truncate":true,"input":[' .. table.concat(texts, ",") .. "]}"
    end
    math.randomseed(count > 0 and count or os.time() * 1000 + tonumber(tostring(os.clock()):match("%d+$")))
    local bodies = {}
    for i = 1, count do bodies[i] = make() end
    request = function()
        number = number + 1
        local body = count > 0 and bodies[number % count + 1] or make()
        return wrk.format("POST", path, {["Content-Type"] = "application/json"}, body)
    end
end

function done(summary, latency, requests)
    print(string.format("latency mean %.1f p50 %.1f p95 %.1f p99 %.1f max %.1f ms", latency.mean / 1000,
        latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
        latency.max / 1000))
end
