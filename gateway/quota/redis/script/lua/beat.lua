-- Asks whether Redis still knows what this gateway has seen applied. KEYS: slot. ARGV: gateway, number.
-- Replies: 1 yes, 0 something is lost.

return last_applied(KEYS[1], ARGV[1]) >= tonumber(ARGV[2]) and 1 or 0
