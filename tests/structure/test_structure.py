"""The house keeps its order; and each rule sees what breaks it, in a made bad tree."""

import ast
from pathlib import Path

import pytest

from structure import picture, rules

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for floor in rules.FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
}


def made(**sources: str) -> dict[str, ast.Module]:
    """A tree of modules by path: two underscores stand for a slash."""
    return {f"{name.replace('__', '/')}.py": ast.parse(text) for name, text in sources.items()}


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 200
    assert {path.split("/")[0] for path in MODULES} == set(rules.FLOORS)


def test_no_circles_of_imports() -> None:
    assert rules.circles(rules.arrows(MODULES)) == []


def test_nothing_reaches_up() -> None:
    assert rules.reaches_up(MODULES) == []


def test_no_folder_is_full() -> None:
    assert rules.full_folders(MODULES) == []


def test_no_two_modules_might_be_confused() -> None:
    assert rules.homonyms(MODULES) == []


def test_no_function_is_long() -> None:
    assert rules.long_functions(MODULES) == []


@pytest.mark.parametrize(
    "back", ["import stillwatch.runtime.a", "def late():\n    from stillwatch.runtime import a"]
)
def test_a_circle_is_seen_also_where_it_closes_late(back: str) -> None:
    tree = made(
        runtime__a="from stillwatch.runtime.b import name",
        runtime__b="from stillwatch.runtime import c",
        runtime__c=back,
        runtime__d="from stillwatch.runtime import a",
    )
    circle = [f"stillwatch.runtime.{name}" for name in "abc"]
    assert rules.circles(rules.arrows(tree)) == [circle]


def test_what_type_checkers_alone_see_closes_no_circle() -> None:
    back = "if TYPE_CHECKING:\n    from stillwatch.runtime.a import name"
    tree = made(runtime__a="from stillwatch.runtime.b import name", runtime__b=back)
    assert rules.circles(rules.arrows(tree)) == []


@pytest.mark.parametrize(
    "text",
    [
        "from stillwatch.train.loop import fit",
        "import stillwatch.benchmarks.readme",
        "def late():\n    import stillwatch.export",
        "import_module('stillwatch.train.loop.fit')",
        "f'stillwatch.export.{name}'",
    ],
)
def test_reaching_up_is_seen_in_imports_and_in_strings(text: str) -> None:
    assert len(rules.reaches_up(made(runtime__cli__some=text))) == 1
    assert rules.reaches_up(made(benchmarks__some=text)) == []


def test_a_full_folder_is_seen() -> None:
    most = {f"train__loop__m{number}": "" for number in range(rules.MOST_FILES)}
    assert rules.full_folders(made(**most)) == []
    assert rules.full_folders(made(**most, train__loop__one_more="")) == ["train/loop: 17"]


def test_homonyms_are_seen_and_mirrors_are_none() -> None:
    mirrors = made(
        train__families__a__config="",
        train__families__b__config="",
        train__families__config="",
        export__families__config="",
        train__loop____init__="",
        train__data____init__="",
    )
    assert rules.homonyms(mirrors) == []
    found = rules.homonyms(mirrors | made(train__loop__config=""))
    assert len(found) == 2  # beside the general one it may lie
    assert all("train/loop/config" in pair for pair in found)


def test_a_long_function_is_seen() -> None:
    body = "\n    x = 1" * (rules.MOST_LINES - 1)
    eight = "a, b, /, c, d, *, e, f, g, h"
    fits = made(export__some=f"def f({eight}):{body}\nclass C:\n    def m(self, {eight}): ...")
    assert rules.long_functions(fits) == []
    for text in (f"def f():{body}\n    x = 2", f"async def f({eight}, i): ..."):
        assert len(rules.long_functions(made(export__some=text))) == 1


def test_the_picture_leaves_out_what_other_arrows_say() -> None:
    tree = made(
        export__a__m="from stillwatch.export.b import m\nfrom stillwatch.export.c import m",
        export__b__m="from stillwatch.export.c import m",
        export__c__m="from stillwatch.runtime import errors",
        runtime__errors="",
    )
    drawn = picture.picture(tree)
    assert "export_a --> export_b" in drawn
    assert "export_b --> export_c" in drawn
    assert "export_a --> export_c" not in drawn


def test_the_page_has_a_place_for_the_picture() -> None:
    page = (ROOT / picture.PAGE).read_text(encoding="utf-8")
    assert page.index(picture.BEGIN) < page.index("flowchart") < page.index(picture.END)
