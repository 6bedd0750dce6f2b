"""Projects that use the mock in their tests."""
