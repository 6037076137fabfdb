-- A hundred streams a request, in turn over many. Environment: STREAMS, BATCH, FIRST, KEY.
local made = 0
function setup(thread)
  thread:set("id", made)
  made = made + 1
end
local threads = 2
local wide = 100
local streams = tonumber(os.getenv("STREAMS"))
local batch = tonumber(os.getenv("BATCH"))
local first = tonumber(os.getenv("FIRST"))
local key = os.getenv("KEY")
local counter = 0
function init(args)
  math.randomseed(id + 1)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. key
  mine = streams / threads / wide
end
function request()
  local turn = math.floor(counter / mine)
  local group = id * mine + counter % mine
  counter = counter + 1
  local parts = {}
  for s = 0, wide - 1 do
    local values = {}
    for i = 1, batch do values[i] = string.format("%.3f", 20 + math.random()) end
    parts[s + 1] = string.format('"s%d":{"seq":%d,"samples":[%s]}', group * wide + s,
      first + turn * batch, table.concat(values, ","))
  end
  return wrk.format(nil, "/v1/samples", nil, '{"streams":{' .. table.concat(parts, ",") .. '}}')
end
