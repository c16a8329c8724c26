"""Bring in what customers write on platforms, and send what is said to them, alike for all platforms.

Before: a platform's request at `door`, or a frame that `holding` listens for. After: it is kept raw, `taking`
takes each event in it once, and `sending` sends the answers in order.
"""
