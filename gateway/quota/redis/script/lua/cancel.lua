-- Takes back a reservation whose answer never arrived: the request it was for has not been sent under its id, and
-- leaves no trace. If the reservation itself is still under way it will find that it has ended.
-- KEYS: slot. ARGV: clock, id, how long the end is remembered.

local base, now = KEYS[1], clock(ARGV[1])
local id, remembered = ARGV[2], tonumber(ARGV[3])
local r = load_reservation(base, id)
if r then
  local alerts = finish(base, id, r, 0, 0, now, true)
  if alerts ~= '' then
    write_entry(base, 'cancel', id, r, now, alerts, 'cost', 0)
  end
end
if r or not load_ending(base, id, now) then
  save_ending(base, id, now + remembered)
end
save_changes(base, now, nil, remembered)
return now
