-- KEYS: a sorted set for each thing that is counted.
-- ARGV: now, jitter, then for each key its number of quotas and each quota's most and window. All in microseconds.
-- Answers {1, label} when one more was counted under every key by that label, or {0, instant} when it would fit.
local now, jitter = tonumber(ARGV[1]), tonumber(ARGV[2])

local function text(number)
  return string.format('%.0f', number)
end

local function score(key, index)
  return tonumber(redis.call('ZRANGE', key, index, index, 'WITHSCORES')[2])
end

-- nil when one more at `at` keeps the quota in every half-open window that holds it; else a later instant before which it
-- would not. Only the runs that hold `at` are new: `before` of them are not later than it.
local function crowded_until(key, most, window, at)
  local place = redis.call('ZCOUNT', key, '-inf', text(at))
  local behind = redis.call('ZCARD', key) - place
  for before = math.max(0, most - behind), math.min(most, place) do
    local first = before > 0 and score(key, place - before) or nil
    local last = before < most and score(key, place + most - before - 1) or at
    if last - (first or at) < window then
      return first and first + window or last
    end
  end
  return nil
end

local function opens_at(key, most, window, from)
  if most == 0 then
    return from + window
  end
  local at = from
  while true do
    local later = crowded_until(key, most, window, at)
    if not later then
      return at
    end
    at = later
  end
end

local demands, never, position = {}, false, 3
for index, key in ipairs(KEYS) do
  local demand = { key = key, longest = 0 }
  local quotas = tonumber(ARGV[position])
  for quota = 1, quotas do
    local most, window = tonumber(ARGV[position + 1]), tonumber(ARGV[position + 2])
    demand[quota] = { most, window }
    demand.longest = math.max(demand.longest, window)
    never = never or most == 0
    position = position + 2
  end
  position = position + 1
  demands[index] = demand
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - demand.longest - jitter))
end

local open = now
repeat
  local from = open
  for _, demand in ipairs(demands) do
    for _, quota in ipairs(demand) do
      open = math.max(open, opens_at(demand.key, quota[1], quota[2], from))
    end
  end
until open == from or never
if open > now then
  return { 0, text(open) }
end

-- A name that no admission under any of the keys has.
local label, taken = now, true
while taken do
  taken = false
  for _, key in ipairs(KEYS) do
    taken = taken or redis.call('ZSCORE', key, text(label)) ~= false
  end
  label = taken and label + 1 or label
end
for _, demand in ipairs(demands) do
  redis.call('ZADD', demand.key, text(now), text(label))
  redis.call('PEXPIRE', demand.key, math.ceil((demand.longest + jitter) / 1000))
end
return { 1, text(label) }
