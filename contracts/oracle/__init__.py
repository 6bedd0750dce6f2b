"""The second verdict: what the contract says of a request or an answer, found by another method.

Pure functions of the spec and of plain values. Those called `problems` explain: an empty list
is fine.
"""
