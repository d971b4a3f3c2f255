-- Reads rate windows as they stand. KEYS: slot. ARGV: clock, scopes. Replies: {now, figures of all windows}

local now = clock(ARGV[1])
for i = 2, #ARGV do
  say_window(open_window(KEYS[1], ARGV[i], now))
end
return { now, out }
