-- A wallboard's side of the benchmark: asks one address again and again.
--
--   wrk ... -s poll.lua URL -- KEYFILE [ETAG]
--
-- With an ETag each request has it in If-None-Match.

local function read_key(path)
  local file = assert(io.open(path))
  local key = file:read("*l")
  file:close()
  return key
end

local prepared

function init(args)
  local headers = { ["Host"] = wrk.headers["Host"], ["Authorization"] = "Bearer " .. read_key(args[1]) }
  if args[2] then
    headers["If-None-Match"] = args[2]
  end
  prepared = wrk.format("GET", nil, headers)
end

function request()
  return prepared
end

-- The same line as post.lua's.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
