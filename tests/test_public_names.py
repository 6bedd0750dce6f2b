"""What a module offers is what it says it offers."""

import ast
import importlib
import pkgutil
from functools import cache
from pathlib import Path

import pytest

import mock_server

ROOT = Path(mock_server.__file__).parent
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(mock_server.__path__, prefix="mock_server.")
)


@cache
def source(module: str) -> ast.Module:
    path = ROOT.parent / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def defined(tree: ast.Module) -> set[str]:
    """The names that a module makes itself, at its top."""
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
    return names


def offered(tree: ast.Module) -> list[str] | None:
    """What `__all__` holds, None without one."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List):
            targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if targets == ["__all__"]:
                return [str(ast.literal_eval(item)) for item in statement.value.elts]
    return None


def taken_from(module: str) -> set[str]:
    """The names that other modules of the package import from this one."""
    imports = [node for other in MODULES for node in ast.walk(source(other))]
    return {
        alias.name
        for node in imports
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def used_inside(tree: ast.Module) -> set[str]:
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in loads if isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize("module", MODULES)
def test_what_is_offered_is_sorted_and_there(module: str) -> None:
    names = offered(source(module)) or []
    constants = sorted(name for name in names if name.isupper())
    classes = sorted(name for name in names if name[0].isupper() and not name.isupper())
    others = sorted(name for name in names if not name[0].isupper())
    assert names == [*constants, *classes, *others]
    loaded = importlib.import_module(module)
    assert [name for name in names if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_others_take_only_what_is_offered(module: str) -> None:
    names = {*(offered(source(module)) or []), *submodules(module)}
    assert taken_from(module) - names == set()


@pytest.mark.parametrize("module", MODULES)
def test_what_is_public_is_offered_or_serves_inside(module: str) -> None:
    tree = source(module)
    public = {name for name in defined(tree) if not name.startswith("_")}
    assert public - set(offered(tree) or []) - used_inside(tree) == set()


def submodules(module: str) -> set[str]:
    start = module + "."
    return {name.removeprefix(start) for name in MODULES if name.startswith(start)}
