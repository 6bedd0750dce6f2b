"""The package shows exactly its public names."""

import pkgutil
from importlib import import_module

import pytest

from mock_server import pictures

MODULES = [name for _, name, _ in pkgutil.iter_modules(pictures.__path__)]


def test_the_public_names_are_sorted_and_there() -> None:
    assert pictures.__all__ == sorted(pictures.__all__)
    assert all(hasattr(pictures, name) for name in pictures.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_names_what_it_offers(name: str) -> None:
    module = import_module(f"mock_server.pictures.{name}")
    own = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert sorted(module.__all__, key=str) == sorted(module.__all__)
    assert own - {"Thing", "Cell", "Colour"} <= set(module.__all__)
