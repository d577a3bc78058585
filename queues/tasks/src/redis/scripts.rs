//! Scripts, which Redis runs atomically.
//!
//! Times are the server's own, so that workers' clocks may differ.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $text:literal) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new($text));
    };
}

script! {
    /// From the queues to the un-acknowledged. KEYS: index, hash, redeliveries, revoked, record,
    /// then lists in order of urgency. ARGV: how many, attempt, seconds that the record is kept,
    /// then each list's queue. Returns tag, message, redeliveries, revoked, queue for each. One
    /// without a tag cannot be claimed: it goes to the dead letters in the same step, and is
    /// returned with an empty tag so that it is reported. The record says what this attempt has
    /// claimed; a record of the same attempt that is there already was left by `LOST`, which has
    /// given the attempt up. The redeliveries are those that have begun, and this one; only
    /// `recount` writes it down.
    CLAIM, r#"
local index, hash, redeliveries, revoked = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local most, out, claimed = tonumber(ARGV[1]), {}, {ARGV[2]}
local last = redis.call('GET', KEYS[5])
if last and cjson.decode(last)[1] == ARGV[2] then return {} end
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
local any_revoked
for i = 6, #KEYS do
  local left = most - #out / 5
  if left < 1 then break end
  local queue = ARGV[i - 2]
  local messages = redis.call('RPOP', KEYS[i], left)
  for _, message in ipairs(messages or {}) do
    local read, json = pcall(cjson.decode, message)
    if not read or type(json) ~= 'table' then json = {} end
    local properties = type(json.properties) == 'table' and json.properties or {}
    local headers = type(json.headers) == 'table' and json.headers or {}
    local tag = properties.delivery_tag
    local count, is_revoked = 0, 0
    if type(tag) == 'string' and tag ~= '' then
      local info = type(properties.delivery_info) == 'table' and properties.delivery_info or {}
      local exchange = type(info.exchange) == 'string' and info.exchange or ''
      local key = type(info.routing_key) == 'string' and info.routing_key or queue
      redis.call('ZADD', index, now, tag)
      redis.call('HSET', hash, tag,
        '[' .. message .. ', ' .. cjson.encode(exchange) .. ', ' .. cjson.encode(key) .. ']')
      if headers.redelivered == true or properties.redelivered == true then
        count = (redis.call('HGET', redeliveries, tag) or 0) + 1
      end
      claimed[#claimed + 1] = {tag, KEYS[i]}
      if any_revoked == nil then any_revoked = redis.call('EXISTS', revoked) == 1 end
      if any_revoked and type(headers.id) == 'string' and redis.call('ZSCORE', revoked, headers.id) then
        is_revoked = 1
      end
    else
      tag = ''
      local reason = read and 'the message has no delivery tag' or 'the message is not JSON'
      redis.call('LPUSH', queue .. '.dead',
        cjson.encode({queue = queue, reason = reason, message = message}))
    end
    for _, v in ipairs({tag, message, count, is_revoked, queue}) do out[#out + 1] = v end
  end
end
if #claimed > 1 then redis.call('SET', KEYS[5], cjson.encode(claimed), 'EX', ARGV[3]) end
return out"#
}

script! {
    /// A claim whose answer was lost: what it has claimed goes back to where it is taken from next,
    /// and if the server reads the claim after this, it does nothing. KEYS: index, hash, record.
    /// ARGV: attempt, seconds. Returns how many.
    LOST, r#"
local index, hash, record = KEYS[1], KEYS[2], KEYS[3]
local last = redis.call('GET', record)
local claimed = last and cjson.decode(last) or {}
redis.call('SET', record, cjson.encode({ARGV[1]}), 'EX', ARGV[2])
if claimed[1] ~= ARGV[1] then return 0 end
local given_back = 0
for i = #claimed, 2, -1 do
  local tag, list = unpack(claimed[i])
  local entry = redis.call('HGET', hash, tag)
  local read, fields = pcall(cjson.decode, entry or '')
  if entry and read then
    local rest = ', ' .. cjson.encode(fields[2]) .. ', ' .. cjson.encode(fields[3]) .. ']'
    redis.call('HDEL', hash, tag)
    redis.call('ZREM', index, tag)
    redis.call('RPUSH', list, string.sub(entry, 2, #entry - #rest))
    given_back = given_back + 1
  end
end
return given_back"#
}

script! {
    /// A claimed message goes back to the head of its list. KEYS: index, hash, redeliveries, list.
    /// ARGV: tag, message, how many redeliveries had begun before this claim.
    GIVE_BACK, r#"
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if ARGV[3] == '0' then redis.call('HDEL', KEYS[3], ARGV[1])
else redis.call('HSET', KEYS[3], ARGV[1], ARGV[3]) end
redis.call('RPUSH', KEYS[4], ARGV[2])
return 1"#
}

script! {
    /// A claimed message becomes a dead letter. KEYS: index, hash, redeliveries, dead letters.
    /// ARGV: tag, letter, how many are kept.
    BURY, r#"
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('LPUSH', KEYS[4], ARGV[2])
redis.call('LTRIM', KEYS[4], 0, ARGV[3] - 1)
return 1"#
}

script! {
    /// These claims are alive. KEYS: index. ARGV: tags.
    REFRESH, r#"
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
for _, tag in ipairs(ARGV) do redis.call('ZADD', KEYS[1], 'XX', now, tag) end
return #ARGV"#
}

script! {
    /// Claims that were not refreshed. KEYS: index, hash. ARGV: seconds, how many. Returns tag,
    /// score, entry.
    OLD, r#"
local now = redis.call('TIME')[1]
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local out = {}
for i = 1, #old, 2 do
  out[#out + 1] = old[i]
  out[#out + 1] = old[i + 1]
  out[#out + 1] = redis.call('HGET', KEYS[2], old[i]) or ''
end
return out"#
}

script! {
    /// Gives a claim back, if it was not refreshed since it was found. KEYS: index, hash, list.
    /// ARGV: tag, score, message.
    RESTORE, r#"
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] ~= '' then redis.call('RPUSH', KEYS[3], ARGV[3]) end
return 1"#
}

script! {
    /// Becomes or stays leader. KEYS: role. ARGV: name, milliseconds.
    LEAD, r#"
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1"#
}

script! {
    /// Gives up the role. KEYS: role. ARGV: name.
    RESIGN, r#"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1"#
}

script! {
    /// A member of a chord has ended. On Celery's keys, so that its workers count the same chord:
    /// the parts in a sorted set, the seen members in a set, the size, and a claim so that only one
    /// worker starts the body. KEYS: parts, seen, size, claim, difference. ARGV: task, place, part,
    /// token, seconds of the claim, seconds until it all expires.
    CHORD_PART, r#"
local parts, seen, size, claim, difference = unpack(KEYS)
if redis.call('GET', claim) == 'done' then return {} end
if redis.call('SADD', seen, ARGV[1] .. ':' .. ARGV[2]) == 1 then
  redis.call('ZADD', parts, ARGV[2], ARGV[3])
end
for _, key in ipairs({parts, seen, size, difference}) do redis.call('EXPIRE', key, ARGV[6]) end
local wanted = redis.call('GET', size)
if not wanted then return {} end
wanted = wanted + (redis.call('GET', difference) or 0)
if redis.call('ZCARD', parts) ~= wanted then return {} end
if not redis.call('SET', claim, ARGV[4], 'NX', 'EX', ARGV[5]) then return {} end
return redis.call('ZRANGE', parts, 0, -1)"#
}

script! {
    /// The body of a chord has been started. KEYS: parts, seen, size, claim, difference. ARGV:
    /// token, seconds.
    CHORD_END, r#"
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[5])
redis.call('SET', KEYS[4], 'done', 'EX', ARGV[2])
return 1"#
}
