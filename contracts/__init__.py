"""The suite that judges any endpoint by the contract of the GPT Image 2 API.

It knows a URL, a key and `openapi.yaml`, and nothing of the server behind them.
"""
