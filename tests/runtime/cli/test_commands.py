import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.runtime.cli.command import Command, find
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.cli.program import discovery

TABLE = [
    Command(words="look", module="low.look", help="at a thing"),
    Command(words="grow", help="things"),
    Command(words="grow tree", module="low.tree", help="a tree"),
    Command(words="look --near", module="mid.near", help="at it closely"),
    Command(words="look --all", module="high.all", help="at everything"),
    Command(words="grow tree", module="high.tree", help="a taller tree"),
]


@pytest.mark.parametrize(
    ("typed", "module", "left"),
    [
        (["look", "x"], "low.look", ["x"]),
        (["look", "x", "--near"], "mid.near", ["x", "--near"]),
        (["look", "--near=2", "x"], "mid.near", ["--near=2", "x"]),
        (["look", "--all", "--near"], "high.all", ["--all", "--near"]),
        (["look", "--nearly"], "low.look", ["--nearly"]),
        (["grow", "tree", "--all"], "high.tree", ["--all"]),
        (["grow", "--all", "tree"], None, ["--all", "tree"]),
    ],
)
def test_the_command_that_says_most_is_called(
    typed: list[str], module: str | None, left: list[str]
) -> None:
    command = find(TABLE, typed)
    assert command is not None
    assert (command.module, command.arguments_of(typed)) == (module, left)


def test_nothing_is_called_by_what_no_table_has() -> None:
    assert find(TABLE, ["tree"]) is None
    assert find(TABLE, []) is None


def test_every_command_has_its_module_and_every_second_word_a_first() -> None:
    table = discovery.own_commands()
    firsts = {command.words for command in table if command.second is None}
    assert len({command.words for command in table}) == len(table)
    for command in table:
        assert command.first in firsts
        if command.module is not None:
            assert importlib.util.find_spec(command.module) is not None, command.module


@pytest.mark.parametrize("typed", [[], ["nonsense"], ["train"], ["train", "nonsense"]])
def test_a_call_of_no_command_is_answered_with_those_there_are(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: stillwatch")


def test_help_lists_the_commands_below_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    for typed, expected in (
        (["--help"], ("score", "train", "bench", "reproduce")),
        (["train", "--help"], ("nab-rds", "smd", "sensor")),
        (["verify", "--help"], ("stillwatch verify --checkpoint", "stillwatch verify --all")),
    ):
        with pytest.raises(SystemExit) as ended:
            main(typed)
        assert ended.value.code == 0
        told = capsys.readouterr().out
        assert all(f"  {name}" in told for name in expected), told


MODULE = """
from stillwatch.runtime.cli.command import Command

def add_arguments(parser):
    parser.add_argument("name")

def run(arguments):
    print(f"hello {arguments.name}")
    return 7

COMMANDS = [
    Command(words="greet", module="greeter", help="says hello"),
    Command(words="train greeter", module="greeter", help="another family"),
    Command(words="needy", module="greeter_more", extra="more", package="greeter", help="more"),
]
"""


def installed(folder: Path, name: str, module: str) -> None:
    """Makes a distribution with one module, as pip would leave it in a folder."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{discovery.GROUP}]\n{name} = {name}:COMMANDS\n")
    (folder / f"{name}.py").write_text(module)


def run_with(folder: Path, *typed: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); "
        "from stillwatch.runtime.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *typed], capture_output=True, text=True, check=False
    )


def test_another_package_adds_commands(tmp_path: Path) -> None:
    installed(tmp_path, "greeter", MODULE)
    installed(tmp_path, "broken", "raise RuntimeError('not today')")
    listed = run_with(tmp_path, "--help")
    assert listed.returncode == 0
    assert "  greet " in listed.stdout
    assert "  score " in listed.stdout
    assert listed.stderr == "stillwatch: left out the commands of broken:COMMANDS: not today\n"
    for typed in (["greet", "you"], ["train", "greeter", "you"]):
        called = run_with(tmp_path, *typed)
        assert (called.stdout, called.returncode) == ("hello you\n", 7)
    needy = run_with(tmp_path, "needy", "you")
    assert needy.returncode == 2
    assert "'stillwatch needy' needs greeter_more, which is not installed" in needy.stderr
    assert "pip install 'greeter[more]'" in needy.stderr


def test_our_own_commands_do_not_look_at_other_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "broken", "raise RuntimeError('not today')")
    monkeypatch.setattr(discovery.metadata, "entry_points", None)  # cannot be called
    assert main(["verify", "nab-rds"]) == 0
    told = run_with(tmp_path, "info", "nab-rds")
    assert (told.returncode, told.stderr) == (0, "")
