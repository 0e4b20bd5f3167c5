"""Runs: a script in its own process, what it tells, how it is stopped."""
