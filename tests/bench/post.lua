-- wrk's side of the benchmark: posts answers as a form or a kiosk would send them.
--
--   wrk ... -s post.lua http://HOST:PORT/v1/surveys/SURVEY/responses[/batch] -- KEYFILE ITEMS
--
-- ITEMS is 1 for single answers, else how many lines of NDJSON a batch has. The requests are made
-- once, before the clock starts, so that wrk spends its share of the processor on sending them.

local BRANCHES = { "north", "south", "east", "west", "centre", "airport", "harbour" }
local WORDS = { "Fast", "Friendly", "Long queue", "Good value", "Too expensive", "Clean rooms" }
local PREPARED = 64

local requests = {}
local at = 0

local function answer(n)
  return string.format('{"score":%d,"answers":{"why":"%s"},"properties":{"branch":"%s"}}',
    n * 7 % 11, WORDS[n % #WORDS + 1], BRANCHES[n % #BRANCHES + 1])
end

local function batch(n, items)
  local lines = {}
  for i = 1, items do
    lines[i] = answer(n + i)
  end
  return table.concat(lines, "\n")
end

local function read_key(path)
  local file = assert(io.open(path))
  local key = file:read("*l")
  file:close()
  return key
end

function init(args)
  local items = tonumber(args[2])
  local headers = {
    ["Host"] = wrk.headers["Host"],
    ["Authorization"] = "Bearer " .. read_key(args[1]),
    ["Content-Type"] = items == 1 and "application/json" or "application/x-ndjson",
  }
  for n = 1, PREPARED do
    local body = items == 1 and answer(n) or batch(n, items)
    requests[n] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  at = at % PREPARED + 1
  return requests[at]
end

-- One line for the script that started us: replies, microseconds, p99 in microseconds, errors.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
