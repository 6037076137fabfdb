"""The folder of a capsule's C: source, header, self-test, example, CMakeLists and README."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jinja2

from stillwatch.export.c import literals
from stillwatch.export.c.budgeted import JudgeC, judge_c
from stillwatch.export.c.footprint import Footprint, footprint
from stillwatch.export.c.generated import generated
from stillwatch.export.c.reduced import Reduced, reduced
from stillwatch.export.c.values import template_values
from stillwatch.runtime.capsule import digest
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import failure, make_folder

__all__ = ["CFiles", "c_files", "check_folder", "identifier", "write_folder"]


@dataclass(frozen=True, kw_only=True)
class CFiles:
    """The files by name, the prefix of every name in them, and what they take of a device.

    sources: what a program is built of. harness: a further file, for hosts that
    run whole series through it.
    """

    prefix: str
    files: dict[str, str]
    harness: str
    sources: tuple[str, ...]
    takes: Footprint
    model: Reduced
    judge: JudgeC | None


def identifier(name: str) -> str:
    """Returns the C name of a model called `name`: nab-rds-online is nab_rds_online."""
    letters = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()
    if not letters:
        raise InputError(f"expected a name with letters for C, got {name!r}")
    return letters


def c_files(content: bytes, name: str, budget: str | None = None) -> CFiles:
    """Returns the C of a capsule; raises InputError for one that C cannot have.

    name: of the model, from which the files and functions have theirs. budget:
    as 5/week, of a capsule with a judge, which has the runtime's default else.
    """
    model = reduced(content, name)
    made = generated(model.model, name)
    judge = judge_c(model.info, budget, name)
    takes = footprint(model, made, judge)
    prefix = f"stillwatch_{identifier(name)}"
    values = template_values(model, name, prefix, judge)
    values |= {"graph": made.text.strip(), "takes": takes, "digest": digest.of(content)}
    kind = "causal" if model.info.state else "windowed"
    by_template = {
        "model.h": f"{prefix}.h",
        f"{kind}.c": f"{prefix}.c",
        "selftest.c": f"{prefix}_selftest.c",
        "example.c": "example.c",
        "CMakeLists.txt": "CMakeLists.txt",
        "README.md": "README.md",
    }
    if judge is not None:
        by_template["judge.c"] = f"{prefix}_judge.c"
    sources = tuple(by_template[t] for t in (f"{kind}.c", "judge.c") if t in by_template)
    values["sources"] = sources
    templates = _templates()
    files = {
        file: templates.get_template(f"{template}.jinja").render(values)
        for template, file in by_template.items()
    }
    harness = templates.get_template("harness.c.jinja").render(values)
    return CFiles(
        prefix=prefix, files=files, harness=harness, sources=sources, takes=takes, model=model,
        judge=judge,
    )  # fmt: skip


def check_folder(folder: Path) -> None:
    """Raises InputError for a folder that has something in it, or is none."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"expected a new or empty folder, got {folder}: choose another place")


def write_folder(folder: Path, files: dict[str, str]) -> None:
    """Writes the files into a folder that is not there yet, or is empty: all of them or none."""
    check_folder(folder)
    make_folder(folder.parent)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, text in files.items():
                (scratch / name).write_text(text, encoding="utf-8")
            scratch.chmod(0o755)
            scratch.replace(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise failure("write", folder, error) from error


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stillwatch.export.c"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (C, not HTML; what comes from a capsule goes by c_text)
    )
    environment.filters |= literals.FILTERS
    return environment
