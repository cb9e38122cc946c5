"""Prints 1,000 batches of 8,192 tokens at most with 12 documents at the median, 43 at the 90th
percentile, 106 at the 99th, and 358 at most."""

import math

SHARES, COUNTS = (0, 0.5, 0.9, 0.99, 1), (1, 12, 43, 106, 358)

print("T,B,longest")
for i in range(1000):
    share = (i + 1) / 1000
    at = next(k for k in range(1, 5) if share <= SHARES[k])
    part = (share - SHARES[at - 1]) / (SHARES[at] - SHARES[at - 1])
    low, high = math.log(COUNTS[at - 1]), math.log(COUNTS[at])
    documents = round(math.exp(low + part * (high - low)))
    tokens = 8192 - i * 7919 % 701
    print(f"{tokens},{documents},{max(-(-tokens // documents), int(tokens / documents**0.5))}")
