"""The unit and container files: sound by systemd's own judgement, and true to the program."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from portability.matrix_cases import ROOT

DEPLOY = ROOT / "runtime" / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("*@.*"))
INSTALLED = "/opt/stillwatch/bin/stillwatch"
SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze on the path"
)


def test_there_are_a_watch_its_pipe_and_a_feeder() -> None:
    names = ("follow@.service", "watch@.service", "watch@.socket")
    assert [f"stillwatch-{name}" for name in names] == UNITS


def analyze(folder: Path, program: Path, *words: str) -> str:
    """Returns what systemd-analyze says of the units, as if installed in `folder`."""
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace(INSTALLED, str(program))
        (folder / name).write_text(text)
        (folder / name.replace("@", "@cpu")).symlink_to(name)
    done = subprocess.run(
        ["systemd-analyze", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@SYSTEMD
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(unit: str, tmp_path: Path, program: Path) -> None:
    unit = "./" + unit.replace("@", "@cpu")
    assert analyze(tmp_path, program, "verify", "--man=no", unit) == ""


@SYSTEMD
def test_a_watch_may_do_next_to_nothing(tmp_path: Path, program: Path) -> None:
    words = ("security", "--offline=yes", "--threshold=10", "./stillwatch-watch@cpu.service")
    said = analyze(tmp_path, program, *words)  # --threshold is in tenths: above 1.0 it fails
    assert "Overall exposure level" in said


@SYSTEMD
def test_a_service_may_do_little_more(tmp_path: Path, program: Path) -> None:
    name = "stillwatch-serve.service"
    text = (DEPLOY / name).read_text()
    (tmp_path / name).write_text(text.replace(INSTALLED, str(program)))
    for words in (
        ("verify", "--man=no", f"./{name}"),
        ("security", "--offline=yes", "--threshold=13", f"./{name}"),  # above 1.3 it fails
    ):
        done = subprocess.run(
            ["systemd-analyze", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_services_options_in_the_files_are_the_programs(program: Path) -> None:
    done = subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True)
    known = set(re.findall(r"--[a-z-]+", done.stdout))
    compose = (DEPLOY / "compose.yaml").read_text()
    unit = (DEPLOY / "stillwatch-serve.service").read_text()
    text = (DEPLOY / "Containerfile.serve").read_text()
    called = re.findall(r"^ +- (--[a-z-]+)", compose, re.MULTILINE)
    called += re.findall(r"--[a-z-]+", re.search(r"^ExecStart=.*$", unit, re.MULTILINE)[0])  # type: ignore[index]
    called += re.findall(r'"(--[a-z-]+)"', text[text.rindex("CMD [") :])
    assert {"--host", "--state", "--mqtt", "--topic"} <= set(called)
    assert set(called) <= known
    assert "USER 10001:10001" in text[text.rindex("FROM ") :]
    assert "HEALTHCHECK" in text
    mounted = re.findall(r"^ +- \./([a-z.-]+):", compose, re.MULTILINE)
    assert {"mosquitto.conf", "prometheus.yml", "prometheus-alerts.yml"} <= set(mounted)
    assert all((DEPLOY / name).exists() for name in mounted)


def commands() -> list[str]:
    """Returns each call of a watch in the files of this folder."""
    texts = [path.read_text().replace("\\\n", " ") for path in sorted(DEPLOY.iterdir())]
    return re.findall(r"(?:bin/stillwatch watch|stillwatch /model.onnx) .*", "\n".join(texts))


def test_the_options_in_the_files_are_the_programs(program: Path) -> None:
    used = {option for command in commands() for option in re.findall(r"--[a-z]+", command)}
    assert used >= {"--state", "--output"}
    done = subprocess.run([program, "watch", "--help"], capture_output=True, text=True, check=True)
    assert used <= set(re.findall(r"--[a-z]+", done.stdout))


def test_the_container_copies_what_the_build_needs_and_runs_as_nobody() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    copied = " ".join(re.findall(r"^COPY (.*) /src", text, re.MULTILINE)).split()
    assert set(copied) >= {"setup.cfg", "pyproject.toml", "README.md", "runtime", "train"}
    assert all((ROOT / name).exists() for name in copied)
    last = text[text.rindex("FROM ") :]
    assert "USER 10001:10001" in last
    assert 'ENTRYPOINT ["stillwatch", "watch"]' in last
    assert "install /src" not in last  # what builds is left behind
