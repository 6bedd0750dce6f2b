"""The rules of the contract as pure functions: no clock, no I/O, no randomness, no web."""
