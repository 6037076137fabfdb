-- Rows through the Open Inference Protocol. Environment: ROWS, KEY.
local rows = tonumber(os.getenv("ROWS") or "1")
wrk.method = "POST"
wrk.path = "/v2/models/nab-rds-online/infer"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
local values = {}
for i = 1, rows do values[i] = string.format("%.3f", 20 + i % 7) end
wrk.body = string.format(
  '{"inputs":[{"name":"values","shape":[1,%d,1],"datatype":"FP32","data":[%s]}],' ..
  '"outputs":[{"name":"score"},{"name":"alarm"}]}', rows, table.concat(values, ","))
