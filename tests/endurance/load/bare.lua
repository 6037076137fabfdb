-- Rows through the bare handler. Environment: ROWS.
local rows = tonumber(os.getenv("ROWS") or "1")
wrk.method = "POST"
wrk.path = "/score"
wrk.headers["Content-Type"] = "application/json"
local values = {}
for i = 1, rows do values[i] = string.format("[%.3f]", 20 + i % 7) end
wrk.body = string.format('{"values":[[%s]]}', table.concat(values, ","))
