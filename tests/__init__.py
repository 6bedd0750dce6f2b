"""The tests of the mock server, and the proof that the suite is sharp."""
