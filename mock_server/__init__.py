"""A mock of the GPT Image 2 API, by its contract."""
