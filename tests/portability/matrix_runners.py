"""Who runs a capsule in the matrix: CPython with some onnxruntime, or Node with one of two engines.

Each is set up with what a user would install and nothing else.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from portability.matrix_cases import (
    ROOT,
    Agreement,
    Case,
    Scores,
    compare,
    golden_cases,
    golden_of_judge,
    output,
    read_scores,
)
from stillwatch.runtime.capsule.graph_judge import EVERY

EXAMPLES = ROOT / "runtime" / "examples"
ENGINES = ("onnxruntime-node", "onnxruntime-web")
_REPLAY = """
import json, sys
from stillwatch.runtime import Detector
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.judged_replay import replay_judged
for name in sys.argv[1:]:
    found, judged = replay(Detector.load(name)), replay_judged(Detector.load(name))
    off, flips = (judged.largest, judged.flips) if judged else (0.0, 0)
    off = max(found.score, found.reconstruction, off)
    print(json.dumps([off, found.flips + flips, found.passed and (not judged or judged.passed)]))
"""
_VERSIONS = """
import importlib.util, json, numpy, onnxruntime, platform
extra = [m for m in ("mxnet", "onnx", "pandas", "sklearn") if importlib.util.find_spec(m)]
print(json.dumps({"python": platform.python_version(), "onnxruntime": onnxruntime.__version__,
                  "numpy": numpy.__version__, "beside": extra}))
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one runner said: its versions, the golden vectors, and each series by case."""

    versions: dict[str, object]
    golden: Agreement
    series: dict[str, Scores]

    def agreement(self, reference: "Answer") -> Agreement:
        """Returns how far its series are from another runner's."""
        found = Agreement()
        for name, scores in self.series.items():
            found |= compare(scores, reference.series[name])
        return found


def find_python(version: str) -> str | None:
    """Returns a command that starts this Python, or None."""
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for command in (sys.executable, f"python{version}", *map(str, pyenv)):
        check = f"import sys; sys.exit(sys.version_info[:2] != ({version.replace('.', ',')}))"
        try:
            done = subprocess.run([command, "-c", check], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return None


def build_wheel(folder: Path) -> Path:
    """Returns the project's wheel, built into `folder`."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("stillwatch-*.whl"))


def make_environment(python: str, folder: Path, requirements: list[str]) -> Path:
    """Returns the bin folder of a fresh virtual environment with the requirements."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=True)
    return folder / "bin"


def ask_python(bin_folder: Path, cases: list[Case]) -> Answer:
    """Returns what the program in an environment says of the cases, by file and by pipe."""
    python, stillwatch = (str(bin_folder / name) for name in ("python", "stillwatch"))
    versions = json.loads(output([python, "-c", _VERSIONS]))
    replayed = output([python, "-c", _REPLAY, *(case.model for case in cases)])
    golden = Agreement()
    for case, line in zip(cases, replayed.splitlines(), strict=True):
        off, flips, passed = json.loads(line)
        assert passed == ("FAILED" not in output([stillwatch, "verify", case.model]))
        count = sum(len(vector.score) for vector in case.info.golden)
        count += case.info.graph_judge.rows if case.info.graph_judge else 0
        golden |= Agreement(off, flips, count)
    series = {
        case.name: read_scores(output([stillwatch, "score", case.model, str(case.series)]))
        for case in cases
    }
    for case in cases:
        if case.name == "nab-rds-online":  # what streams says the same of each line as it comes
            lines = output([stillwatch, "watch", case.model], case.series.read_text()).splitlines()
            alarms = [bool(json.loads(line)["alarm"]) for line in lines]
            assert alarms == series[case.name].alarm
    return Answer(versions=versions, golden=golden, series=series)


def lacking_for_node(modules: Path) -> str:
    """Returns what JavaScript lacks to be run with the packages in `modules`; "" for nothing."""
    if shutil.which("node") is None:
        return "no node on the path"
    missing = [engine for engine in ENGINES if not (modules / engine).is_dir()]
    return f"not installed: {', '.join(missing)}; 'make matrix' does it" if missing else ""


def install_node(folder: Path) -> Path:
    """Returns the folder of modules that npm filled below `folder`, none of their scripts run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    npm = ["npm", "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"]
    output([*npm, *(f"{engine}@latest" for engine in ENGINES)], cwd=folder)
    return folder / "node_modules"


def ask_node(modules: Path, engine: str, cases: list[Case], folder: Path) -> Answer:
    """Returns what the example says, copied beside the modules, of the cases.

    The golden vectors go through both forms of the capsule: with defaults,
    which a host that feeds only `values` gets, and with plain inputs.
    """
    folder.mkdir(exist_ok=True)
    for example in EXAMPLES.glob("*.mjs"):
        shutil.copy(example, folder)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(modules.resolve())
    package = json.loads((modules / engine / "package.json").read_text())
    versions = {"node": output(["node", "--version"]).strip(), engine: package["version"]}
    golden, series = Agreement(), {}
    for case in cases:
        series[case.name] = _score(folder, engine, case.plain, case.series)
        shipped = ROOT / "runtime" / "models" / f"{case.model}.onnx"
        if case.info.graph_judge is not None:  # its alarm is not the golden windows'
            golden |= _golden_of_judge(folder, engine, case)
            continue
        for text, expected in golden_cases(case.info):
            path = folder / "golden.csv"
            path.write_text(text)
            for model in (shipped if shipped.exists() else Path(case.model), case.plain):
                found = _score(folder, engine, model, path, "--scaling", "trained")
                golden |= compare(found, expected)
    return Answer(versions=versions, golden=golden, series=series)


def _golden_of_judge(folder: Path, engine: str, case: Case) -> Agreement:
    """Returns how far the golden rows of a case's judge are, with plain inputs."""
    text, expected = golden_of_judge(case.info)
    path = folder / "golden.csv"
    path.write_text(text)
    words = ["node", "score.mjs", str(case.plain), str(path), "--engine", engine]
    found = read_scores(output([*words, "--scaling", "trained"], cwd=folder), "surprise")
    return compare(Scores(found.score[::EVERY], found.alarm), expected)


def _score(folder: Path, engine: str, model: Path, series: Path, *options: str) -> Scores:
    words = ["node", "score.mjs", str(model), str(series), "--engine", engine, *options]
    return read_scores(output(words, cwd=folder))
