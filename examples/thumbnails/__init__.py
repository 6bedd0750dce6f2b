"""Pictures for articles, made with the GPT Image 2 API."""
