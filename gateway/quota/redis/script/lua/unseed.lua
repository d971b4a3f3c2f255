-- Makes a budget's counter one that has to be filled from the ledger. KEYS: counter. Replies: 1.

unseed_counter(KEYS[1])
return 1
