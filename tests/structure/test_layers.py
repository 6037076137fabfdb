"""Who may import whom, which names in strings point down, and what `__all__` lists."""

import ast
import configparser
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("runtime", "train", "export", "benchmarks")
# Folders that have a public name of their own beside the four.
PUBLIC = {"export/sklearn": "sklearn", "runtime/program": ""}
FILES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
# The modules of export/ that compare frameworks: they alone may reach MXNet.
VERIFICATION = {"export/verify/verification.py", "export/importing/originals.py"}
# One's own data to a capsule begins with training.
TRAINING = {f"export/own_data/{part}.py" for part in ("chain", "command", "report", "tracking")}
TRAINING |= {"export/forecasting/command.py"}
# Extras of the lowest folder: they may use what they need.
EXTRAS = (
    *("runtime/mqtt/", "runtime/report/", "runtime/serve/", "runtime/spark/"),
    "runtime/tables/arrow.py",
)
# The parts of runtime/ that training shares: NumPy only, no onnxruntime.
PURE = [
    f"stillwatch.runtime.{part}"
    for part in (
        *("alarms.judge.account", "alarms.judge.bar", "alarms.judge.fitting"),
        *("alarms.judge.frozen", "alarms.judge.levels", "alarms.judge.many"),
        *("alarms.judge.moments", "alarms.judge.one", "alarms.judge.residuals"),
        *("alarms.judge.spec", "alarms.judge.state", "alarms.judge.tail"),
        "alarms.tails",
        "alarms.thresholds",
        "arrays",
        *("capsule.figures", "capsule.graph_judge"),
        "capsule.info",
        "capsule.reading",
        "capsule.validation",
        *("cli.command", "cli.reading"),
        "errors",
        "files",
        *("forecasting.calendar", "forecasting.series", "forecasting.times", "tables"),
        "parts",
        *("report.machine", "report.page", "report.palette", "report.tables"),
        "scoring.distance",
        "scoring.scaling",
        "scoring.windows",
    )
]
EACH_FILE = pytest.mark.parametrize("file", FILES)


def imports(node: ast.AST, *, lazy: bool) -> Iterator[str]:
    """Yields what is imported, as dotted names; without `lazy`, only what runs at import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "relative imports hide where the arrows point"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING" and not lazy:
            for statement in child.orelse:
                yield from imports(statement, lazy=lazy)
        elif lazy or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports(child, lazy=lazy)


def dotted(file: str) -> str:
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for folder, public in PUBLIC.items():
        name = name.replace(folder.replace("/", "."), public)
    return f"stillwatch.{name}".replace("..", ".").rstrip(".")


def reaches(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def offenders(folder: str, module: str, *, lazy: bool = True) -> list[str]:
    """Returns the files of a folder that import a module or something in it."""
    return [
        file
        for file, tree in FILES.items()
        if file.startswith(f"{folder}/")
        and any(reaches(name, module) for name in imports(tree, lazy=lazy))
    ]


def modules_that_import_mxnet() -> set[str]:
    """Returns the modules whose import brings MXNet in, directly or by way of another."""
    found = {"mxnet"}
    while True:
        more = {
            dotted(file)
            for file, tree in FILES.items()
            if any(reaches(name, module) for name in imports(tree, lazy=False) for module in found)
        }
        if more <= found:
            return found
        found |= more


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_has_modules_to_check(folder: str) -> None:
    assert sum(file.startswith(f"{folder}/") for file in FILES) > 3


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.startswith("runtime/") and not file.startswith(EXTRAS)],
)
def test_runtime_imports_the_standard_library_numpy_and_onnxruntime_only(file: str) -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "onnxruntime"}
    for name in imports(FILES[file], lazy=True):
        assert name.split(".")[0] in allowed or reaches(name, "stillwatch.runtime"), name


@pytest.mark.parametrize(
    "module", ["stillwatch.export", "stillwatch.benchmarks", "onnxruntime", "onnx"]
)
def test_train_does_not_import(module: str) -> None:
    assert offenders("train", module) == []


def test_the_measure_of_memory_imports_the_standard_library_only() -> None:
    for name in imports(FILES["runtime/memory.py"], lazy=True):
        assert name.split(".")[0] in sys.stdlib_module_names, name


def test_train_uses_runtimes_pure_parts_only() -> None:
    used = {
        name
        for file, tree in FILES.items()
        if file.startswith("train/")
        for name in imports(tree, lazy=True)
        if reaches(name, "stillwatch.runtime")
    }
    assert used
    assert [name for name in used if not any(reaches(name, part) for part in PURE)] == []


def test_the_pure_parts_of_runtime_import_neither_onnxruntime_nor_what_does() -> None:
    pure = [file for file in FILES if any(reaches(dotted(file), part) for part in PURE)]
    for part in pure:
        for name in imports(FILES[part], lazy=True):
            outside = not reaches(name, "onnxruntime") and not reaches(name, "stillwatch")
            assert outside or any(reaches(name, other) for other in PURE), (part, name)


def test_export_imports_neither_mxnet_nor_what_imports_it_outside_verification() -> None:
    with_mxnet = modules_that_import_mxnet()
    assert {"stillwatch.train.data.mxnet_compat", "stillwatch.train.loop.fit"} < with_mxnet
    found = {file for module in with_mxnet for file in offenders("export", module)}
    assert found - VERIFICATION - TRAINING == set()


def test_exports_verification_imports_without_mxnet() -> None:
    assert not {dotted(file) for file in VERIFICATION} & modules_that_import_mxnet()
    assert set(FILES) >= VERIFICATION


@pytest.mark.parametrize("folder", ["runtime", "train", "export"])
def test_nobody_imports_benchmarks(folder: str) -> None:
    assert offenders(folder, "stillwatch.benchmarks") == []


def named_above(file: str, tree: ast.AST) -> list[str]:
    """Returns the strings of a file that name a module of a higher folder."""
    above = FOLDERS[FOLDERS.index(file.split("/")[0]) + 1 :]
    names = [rf"\bstillwatch\.{folder}\b" for folder in above]
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [
        text
        for text in strings
        if isinstance(text, str) and any(re.search(name, text) for name in names)
    ]


@EACH_FILE
def test_no_string_names_a_higher_folder(file: str) -> None:
    assert named_above(file, FILES[file]) == []


def test_a_string_that_names_a_higher_folder_is_seen() -> None:
    tree = ast.parse('import_module("stillwatch.train.loop.fit")')
    assert named_above("runtime/made.py", tree)
    assert not named_above("train/made.py", tree)
    assert not named_above("runtime/made.py", ast.parse('"stillwatch.trained"'))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_table_of_commands_imports_nothing_but_what_it_is_made_of(folder: str) -> None:
    tree = FILES[f"{folder}/commands.py"]
    assert list(imports(tree, lazy=True)) == ["stillwatch.runtime.cli.command.Command"]
    for name in imports(FILES["runtime/cli/command.py"], lazy=True):
        assert name.split(".")[0] in sys.stdlib_module_names, name


def test_one_module_imports_mxnet() -> None:
    found = [file for folder in FOLDERS for file in offenders(folder, "mxnet")]
    assert found == ["train/data/mxnet_compat.py"]


@EACH_FILE
def test_all_is_sorted_and_names_what_is_public(file: str) -> None:
    body = FILES[file].body
    statements = [node for node in body if not _is_docstring(node)]
    if not statements:
        return
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = {node.name for node in body if isinstance(node, definitions)}
    bound = set(defined)
    for part in (
        part for node in body if node.__class__ not in definitions for part in ast.walk(node)
    ):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            bound.add(part.id)
        elif isinstance(part, ast.alias):
            bound.add(part.asname or part.name)
    listed: list[str] = []
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
    assert listed, "no __all__"
    assert listed == sorted(set(listed), key=_constants_classes_functions)
    assert set(listed) <= bound, "names that are not there"
    assert {name for name in defined if not name.startswith("_")} <= set(listed), "left out"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _constants_classes_functions(name: str) -> tuple[bool, bool, str]:
    return not name.isupper(), not name[0].isupper(), name


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = config["options"]["packages"].split()
    folders = {dotted(f"{Path(file).parent.as_posix()}/__init__.py") for file in FILES}
    assert sorted(listed) == sorted(folders)
    directories = dict(re.findall(r"(\S+) = (\S+)", config["options"]["package_dir"]))
    mapped = {folder: folder for folder in FOLDERS} | PUBLIC
    assert directories == {
        f"stillwatch.{name}".rstrip("."): folder for folder, name in mapped.items()
    }
    for folder in FOLDERS:
        assert (ROOT / folder / "py.typed").is_file()
