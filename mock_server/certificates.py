"""The certificates that this machine trusts: read when the first https URL is called, not before.

aiohttp reads them when it is imported, twice, and that took 55 of the 470 ms from the command to
the first answer (`make bench ARGS="--only starting"`). Most mocks never call an https URL.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["left_unread", "tls"]


@contextmanager
def left_unread() -> Iterator[None]:
    """Whoever reads the machine's certificates meanwhile finds none."""
    places = ssl.get_default_verify_paths()
    names = (places.openssl_cafile_env, places.openssl_capath_env)
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def tls(url: str) -> ssl.SSLContext | bool:
    """What aiohttp is to be told as `ssl` when it calls this URL."""
    return _trusting() if url.lower().startswith("https:") else True


@lru_cache(maxsize=1)
def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    return context
