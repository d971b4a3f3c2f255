-- Reads rate windows as they stand. KEYS: slot. ARGV: clock, scopes. Replies: {now, windows}

local now = clock(ARGV[1])
local windows = {}
for i = 2, #ARGV do
  windows[i - 1] = window_reply(open_window(KEYS[1], ARGV[i], now))
end
return { now, windows }
