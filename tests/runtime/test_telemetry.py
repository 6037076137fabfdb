"""onnxruntime reports nothing, whoever imports it first; unless the host wants it to."""

import subprocess
import sys

import pytest

SAYS = """
import os, sys
{first}
import onnxruntime
calls = []
onnxruntime.disable_telemetry_events = lambda: calls.append(1)
import stillwatch.runtime
print(os.environ["ORT_DISABLE_TELEMETRY"], len(calls))
"""


@pytest.mark.parametrize(
    ("first", "said"), [("", "1 1"), ("os.environ['ORT_DISABLE_TELEMETRY'] = '0'", "0 0")]
)
def test_a_host_that_imports_onnxruntime_first_sends_nothing(
    first: str, said: str, clean_env: dict[str, str]
) -> None:
    env = {name: value for name, value in clean_env.items() if name != "ORT_DISABLE_TELEMETRY"}
    code = SAYS.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said


def test_a_host_that_imports_us_first_has_it_off(clean_env: dict[str, str]) -> None:
    env = {name: value for name, value in clean_env.items() if name != "ORT_DISABLE_TELEMETRY"}
    code = "import stillwatch.runtime, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
