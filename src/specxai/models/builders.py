"""What in a Python file looks like a network, told without running it."""

import ast
from pathlib import Path

_NOT_NETWORKS = {"preprocess", "main"}


def builders(file: Path) -> list[str]:
    """Return the names in a Python file that may be given behind its colon.

    These are functions that return something and classes of modules, where nothing must be given to
    call them, and what is made by calling one of these, such as ``net = Net().eval()``.

    Args:
        file: the file, which is read and not run.

    Returns:
        The names in the order of the file; none if it is no Python.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return []
    found: list[str] = []
    for part in tree.body:
        found += _made_by(part, found)
    public = (name for name in found if not name.startswith("_"))
    return [name for name in dict.fromkeys(public) if name not in _NOT_NETWORKS]


def _made_by(part: ast.stmt, known: list[str]) -> list[str]:
    """Return what looks like a network among the names that a statement binds."""
    if isinstance(part, ast.FunctionDef):
        return [part.name] if _returns(part) and not _needed(part.args) else []
    if isinstance(part, ast.ClassDef):
        return [part.name] if _is_module(part, known) else []
    if isinstance(part, ast.Assign) and _is_made(part.value, known):
        return [name.id for name in part.targets if isinstance(name, ast.Name)]
    return []


def _returns(function: ast.FunctionDef) -> bool:
    returns = (part for part in ast.walk(function) if isinstance(part, ast.Return))
    return any(part.value is not None for part in returns)


def _needed(arguments: ast.arguments) -> int:
    """Count the arguments without which a function cannot be called."""
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional + sum(default is None for default in arguments.kw_defaults)


def _is_module(part: ast.ClassDef, known: list[str]) -> bool:
    """Tell whether a class is one of modules and can be called with nothing but itself."""
    bases = {_last_name(base) for base in part.bases}
    if not bases & {"Module", "Sequential", *known}:
        return False
    makers = (each for each in part.body if isinstance(each, ast.FunctionDef))
    return all(_needed(each.args) <= 1 for each in makers if each.name == "__init__")


def _is_made(value: ast.expr, known: list[str]) -> bool:
    """Tell whether a value is made by calling a class or a builder, or a method of what is."""
    if isinstance(value, ast.Call):
        name = _last_name(value.func)
        return name[:1].isupper() or name in known or _is_made(value.func, known)
    return isinstance(value, ast.Attribute) and _is_made(value.value, known)


def _last_name(value: ast.expr) -> str:
    if isinstance(value, ast.Attribute):
        return value.attr
    return value.id if isinstance(value, ast.Name) else ""
