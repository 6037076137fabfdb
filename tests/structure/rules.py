"""The rules that the house is held to, each a function of its modules; a list of what breaks it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

FLOORS = ("runtime", "train", "export", "benchmarks")
MOST_FILES = 16  # Python files in a folder
MOST_LINES = 60  # of a function, from its first decorator or its def to its end
MOST_PARAMETERS = 8
# Every folder has one, or one of its own commands: what it holds is said by where it lies.
EVERYWHERE = frozenset({"__init__", "command", "commands"})

Modules = Mapping[str, ast.Module]  # by path below the checkout, such as runtime/files.py


def dotted(path: str) -> str:
    """Returns the name by which a file is imported."""
    return "stillwatch." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(node: ast.AST) -> Iterator[str]:
    """Yields what is imported anywhere, in functions too; not what type checkers alone see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        else:
            yield from imported(child)


def arrows(modules: Modules) -> dict[str, set[str]]:
    """Returns for each module the others that it imports, by dotted names."""
    names = {dotted(path) for path in modules}

    def module_of(name: str) -> str | None:
        while name and name not in names:
            name = name.rpartition(".")[0]
        return name or None

    found: dict[str, set[str]] = {}
    for path, tree in modules.items():
        targets = {module_of(name) for name in imported(tree)}
        found[dotted(path)] = {name for name in targets if name is not None} - {dotted(path)}
    return found


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Returns the groups of names that reach each other: Tarjan's strongly connected components."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(graph.get(name, ())):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


def reaches_up(modules: Modules) -> list[str]:
    """Returns the imports and the strings that name a module of a higher floor."""
    found = []
    for path, tree in modules.items():
        above = FLOORS[FLOORS.index(path.split("/")[0]) + 1 :]
        name = re.compile(rf"\bstillwatch\.(?:{'|'.join(above)})\b") if above else None
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        strings = [text for text in texts if isinstance(text, str)]
        for text in [*imported(tree), *strings]:
            if name and name.search(text):
                found.append(f"{path}: {text[:80]}")
    return found


def full_folders(modules: Modules) -> list[str]:
    """Returns the folders with more Python files than one takes in at a glance."""
    files = defaultdict(list)
    for path in modules:
        files[str(PurePosixPath(path).parent)].append(path)
    return [f"{name}: {len(held)}" for name, held in files.items() if len(held) > MOST_FILES]


def homonyms(modules: Modules) -> list[str]:
    """Returns modules of one floor that share a name and do not mirror each other."""
    by_name = defaultdict(list)
    for path in modules:
        parts = PurePosixPath(path).with_suffix("").parts
        if parts[-1] not in EVERYWHERE:
            by_name[parts[0], parts[-1]].append(parts)
    return [
        f"{'/'.join(one)} and {'/'.join(other)}"
        for alike in by_name.values()
        for number, one in enumerate(alike)
        for other in alike[number + 1 :]
        if not mirrored(one, other)
    ]


def mirrored(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two paths are parts of folders beside each other, or one is in the folder above.

    As families/sensor/config mirrors families/nab_rds/config, and both what is
    said of all of them in families/config.
    """
    short, long = sorted((one, other), key=len)
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return len(long) == len(short) + 1 and short[:-1] == long[: len(short) - 1]


def long_functions(modules: Modules) -> list[str]:
    """Returns the functions with too many lines or too many parameters."""
    found = []
    for path, tree in modules.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            given = node.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES or count > MOST_PARAMETERS:
                found.append(f"{path}: {node.name} has {lines} lines, {count} parameters")
    return found
