-- Posts one body, and reports what it took as JSON: microseconds, and requests.
local body = io.open(os.getenv("CALLSIGN_BODY"), "rb"):read("*a")
local key = os.getenv("CALLSIGN_KEY")

wrk.method = "POST"
wrk.headers["Authorization"] = "App " .. key
wrk.headers["Content-Type"] = "application/json"

-- Several bodies, one a line, taken in turn: recipients and scopes differ.
local bodies = {}
for line in body:gmatch("[^\n]+") do bodies[#bodies + 1] = line end
local requests = {}
local next_one = 0

function init(args)
   for index = 1, #bodies do requests[index] = wrk.format(nil, wrk.path, nil, bodies[index]) end
end

function request()
   next_one = next_one % #requests + 1
   return requests[next_one]
end

function done(summary, latency, _)
   local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
      + summary.errors.timeout
   io.stderr:write(string.format(
      '{"requests":%d,"microseconds":%d,"wrong":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d}\n',
      summary.requests, summary.duration, wrong, latency:percentile(50), latency:percentile(99),
      latency:percentile(99.9), latency.max))
end
