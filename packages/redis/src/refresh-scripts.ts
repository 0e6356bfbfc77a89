import { type RedisScript, redisScript } from './script.js'

/*
 * The states of a session, as `judgeUse` of @countersign/issuer has them: one contract is run over both. A session is a hash: `family` as it was
 * started, for whoever reads it; the rest for these scripts. Moments are kept as the texts that came: a number of Lua would lose digits.
 */

/** KEYS[1] the list of a subject's sessions; ARGV the time up to which they are forgotten, the end and the id of a session, how long it is kept. */
export const LIST: RedisScript = redisScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return redis.status_reply('OK')
`)

/** KEYS[1] the session; ARGV `family`, its hash, the token's hash, start, end, idle and grace in seconds, and how long Redis keeps it. */
export const START: RedisScript = redisScript(`
local kept = redis.call('HMGET', KEYS[1], 'family', 'tokenHash', 'rotations')
if kept[1] then
  -- A client may send a command again when it lost the connection before the answer.
  if kept[1] == ARGV[1] and kept[2] == ARGV[3] and kept[3] == '0' then return redis.status_reply('OK') end
  return redis.status_reply('EXISTS')
end
redis.call('HSET', KEYS[1], 'family', ARGV[1], 'familyHash', ARGV[2], 'tokenHash', ARGV[3], 'rotatedAt', ARGV[4], 'seenAt', ARGV[4],
  'expiresAt', ARGV[5], 'idle', ARGV[6], 'grace', ARGV[7], 'rotations', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return redis.status_reply('OK')
`)

/** Of a session: its members, the latest time it has seen, and when it ends if nobody uses it. */
const READ = `
local function read(key, now)
  local names = {'familyHash', 'tokenHash', 'previousHash', 'rotatedAt', 'seenAt', 'expiresAt', 'idle', 'grace', 'revoked'}
  local values = redis.call('HMGET', key, unpack(names))
  if not values[1] then return nil end
  local session = {}
  for index, name in ipairs(names) do session[name] = values[index] end
  session.now = now
  if tonumber(session.seenAt) > tonumber(now) then session.now = session.seenAt end
  return session
end
local function idleEnd(session, rotatedAt)
  return math.min(tonumber(session.expiresAt), tonumber(rotatedAt) + tonumber(session.idle))
end
local function isOver(session)
  return tonumber(session.now) >= idleEnd(session, session.rotatedAt)
end
`

/**
 * KEYS[1] the session, KEYS[2] what makes the successor again; ARGV the family's hash, the token's hash, the time, the successor's hash and its salt,
 * both empty for judging alone, and how much longer in seconds Redis keeps the session and the salt.
 */
export const USE: RedisScript = redisScript(`${READ}
local session = read(KEYS[1], ARGV[3])
if not session or session.familyHash ~= ARGV[1] then return {'unknown'} end
local now = tonumber(session.now)
redis.call('HSET', KEYS[1], 'seenAt', session.now)
if isOver(session) then
  -- What ended is forgotten: no clock brings it back.
  redis.call('DEL', KEYS[1], KEYS[2])
  return {'expired'}
end
if session.revoked then return {'revoked'} end
if session.tokenHash == ARGV[2] then
  if ARGV[4] == '' then return {'used', string.format('%.17g', idleEnd(session, session.rotatedAt))} end
  redis.call('HSET', KEYS[1], 'tokenHash', ARGV[4], 'previousHash', ARGV[2], 'rotatedAt', session.now)
  redis.call('HINCRBY', KEYS[1], 'rotations', 1)
  local ends = idleEnd(session, session.now)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((ends - now + tonumber(ARGV[6])) * 1000)))
  redis.call('SET', KEYS[2], ARGV[5], 'PX', string.format('%.0f', math.ceil((tonumber(session.grace) + tonumber(ARGV[7])) * 1000)))
  return {'used', string.format('%.17g', ends)}
end
if session.previousHash == ARGV[2] and now - tonumber(session.rotatedAt) <= tonumber(session.grace) then
  local salt = redis.call('GET', KEYS[2])
  if salt then return {'retried', string.format('%.17g', idleEnd(session, session.rotatedAt)), salt} end
end
redis.call('HSET', KEYS[1], 'revoked', '1')
redis.call('DEL', KEYS[2])
return {'reused'}
`)

/** KEYS as for a use; ARGV the time. */
export const END: RedisScript = redisScript(`${READ}
local session = read(KEYS[1], ARGV[1])
if not session then return redis.status_reply('GONE') end
redis.call('HSET', KEYS[1], 'revoked', '1')
redis.call('DEL', KEYS[2])
if session.revoked or isOver(session) then return redis.status_reply('OVER') end
return redis.status_reply('LIVE')
`)
