"""Real clients, unmodified, pointed at the mock server."""
