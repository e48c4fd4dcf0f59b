-- Sends the requests of a file in turn, and prints how many were answered in what way.
-- The file, which wrk passes on as the script's argument, has each request after its length.

local threads, requests, turn = {}, {}, 0

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  carried_out, shed, unexplained, other = 0, 0, 0, 0
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status, headers)
  if status == 429 or status == 503 then
    shed = shed + 1
    if not (headers["Retry-After"] or headers["retry-after"]) then
      unexplained = unexplained + 1
    end
  elseif status < 300 then
    carried_out = carried_out + 1
  else
    other = other + 1
  end
end

function done(summary, latency)
  local sums = { carried_out = 0, shed = 0, unexplained = 0, other = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do
      sums[name] = sums[name] + thread:get(name)
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '{"carried_out":%d,"shed":%d,"unexplained":%d,"other":%d,"unanswered":%d,"seconds":%f,"p99":%f}\n',
    sums.carried_out, sums.shed, sums.unexplained, sums.other,
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(99) / 1000
  ))
end
