"""Against Debian's mosquitto: whatever is killed or cut, each sample is scored once, none lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.mosquitto import PATIENCE, Mosquitto, missing
from support.mosquitto import program as found
from support.mqtt_lives import Lives, expected, pauses, payloads, until_online
from support.repeating_publisher import RepeatingPublisher

from stillwatch.runtime.watch.options import WatchOptions

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
PLAIN = WatchOptions(form="json", with_events=True)
TIMED = WatchOptions(form="json", with_events=True, time="t")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    started = Mosquitto(folder)
    yield started
    started.process.kill()
    started.process.wait()


@pytest.fixture
def begin(program: Path, tmp_path: Path) -> Iterator[Callable[..., Lives]]:
    begun: list[Lives] = []

    def start(broker: Mosquitto, *more: str | Path) -> Lives:
        begun.append(Lives(program, tmp_path, broker, "--save-every", "0.2", *more))
        return begun[-1]

    yield start
    for lives in begun:
        lives.process.kill()
        lives.process.wait()


def publish(broker: Mosquitto, folder: Path, rows: dict[str, list[bytes]]) -> list[Any]:
    begun = []
    for topic, lines in rows.items():
        path = folder / topic.replace("/", "-")
        path.write_bytes(b"\n".join(lines) + b"\n")
        begun.append(broker.publish(topic, path))
    return begun


def scored(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns verdicts and events, without the errors that repeated rows bring."""
    return [answer for answer in answers if "error" not in answer or "score" in answer]


def test_100000_messages_and_a_watch_that_is_killed_again_and_again(
    broker: Mosquitto, begin: Callable[..., Lives], tmp_path: Path
) -> None:
    # Numbers without times: nothing but the packets tells a repeated one.
    rows = {f"plant/{stream}": payloads(stream, 10_000, times=False) for stream in range(10)}
    lives = begin(broker, "--verdicts", "alarms")
    until_online(broker)
    publishers = publish(broker, tmp_path, rows)
    for pause in pauses(8, seed=1):
        time.sleep(pause)
        lives.kill()
        lives.start()
    lives.until_answered(100_000, 3 * PATIENCE)
    assert [publisher.wait(PATIENCE) for publisher in publishers] == [0] * 10
    answers = lives.end()
    for topic, lines in rows.items():
        assert answers[topic] == expected(lines, PLAIN)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_broker_that_is_ended_or_killed(
    how: signal.Signals, broker: Mosquitto, begin: Callable[..., Lives]
) -> None:
    rows = {f"plant/{stream}": payloads(stream, 4_000, times=True) for stream in range(3)}
    lives = begin(broker, "--time", "t", "--verdicts", "none")
    until_online(broker)
    publisher = RepeatingPublisher(broker, rows)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    for count in (2_000, 6_000):
        lives.until_answered(count)
        broker.stop(how)
        time.sleep(0.5)
        broker.start()
    thread.join(3 * PATIENCE)
    assert not publisher.left, lives.complaints
    publisher.close()
    answers = lives.end()
    assert lives.complaints.count("connected again") + lives.complaints.count("had lost our") >= 2
    for topic, lines in rows.items():
        bare = [{**a, "line": 0} if "line" in a else a for a in scored(answers[topic])]
        assert bare == [{**a, "line": 0} if "line" in a else a for a in expected(lines, TIMED)]


@pytest.fixture
def cut_off(tmp_path: Path) -> Iterator[tuple[Mosquitto, Callable[[str], None]]]:
    """A broker in a network namespace of its own, and what sets its link up or down."""
    name = f"sw{os.getpid()}"
    subnet = f"10.231.{os.getpid() % 250}"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace of our own here: {error}")
    try:
        ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        ip("addr", "add", f"{subnet}.1/30", "dev", f"{name}a")
        ip("link", "set", f"{name}a", "up")
        ip("netns", "exec", name, "ip", "addr", "add", f"{subnet}.2/30", "dev", f"{name}b")
        ip("netns", "exec", name, "ip", "link", "set", f"{name}b", "up")
        ip("netns", "exec", name, "ip", "link", "set", "lo", "up")
        folder = tmp_path / "broker"
        folder.mkdir()
        inside = ["ip", "netns", "exec", name]
        started = Mosquitto(folder, host=f"{subnet}.2", inside=inside)
        yield started, lambda state: ip("link", "set", f"{name}a", state)
        started.process.kill()
        started.process.wait()
    finally:
        ip("netns", "del", name)


def test_a_network_that_is_cut_without_a_word(
    cut_off: tuple[Mosquitto, Callable[[str], None]],
    begin: Callable[..., Lives],
    tmp_path: Path,
) -> None:
    broker, link = cut_off
    rows = {f"plant/{stream}": payloads(stream, 10_000, times=False) for stream in range(2)}
    lives = begin(broker, "--keepalive", "1", "--verdicts", "all")
    until_online(broker)
    publishers = publish(broker, tmp_path, rows)
    for count in (1_000, 6_000):
        lives.until_answered(count)
        link("down")
        time.sleep(4)  # until the connection is given up: nothing tells of it but silence
        link("up")
    lives.until_answered(20_000, 3 * PATIENCE)
    assert [publisher.wait(PATIENCE) for publisher in publishers] == [0, 0]
    answers = lives.end()
    assert "is lost" in lives.complaints
    for topic, lines in rows.items():
        assert answers[topic] == expected(lines, PLAIN)


def test_will_states_and_discovery(
    broker: Mosquitto, begin: Callable[..., Lives], tmp_path: Path
) -> None:
    lives = begin(broker, "--homeassistant")
    until_online(broker)
    (publisher,) = publish(broker, tmp_path, {"plant/pump": payloads(0, 400, times=False)})
    assert publisher.wait(PATIENCE) == 0
    lives.until_answered(400)
    topic, text = broker.subscribed("homeassistant/#", 1)[0]
    assert topic.startswith("homeassistant/device/stillwatch_plant_pump_")
    device = json.loads(text)
    assert device["device"]["name"] == "plant/pump"
    told = device["components"]["alarm"]["state_topic"]
    until = time.monotonic() + PATIENCE
    while json.loads(broker.subscribed(told, 1)[0][1])["lines"] < 400:
        assert time.monotonic() < until
    assert broker.subscribed(device["availability_topic"], 1)[0][1] == "online"
    lives.kill()
    assert broker.subscribed(device["availability_topic"], 1)[0][1] == "offline"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker with a certificate of its own making, which lets one user in."""
    folder = tmp_path / "broker"
    folder.mkdir()
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=broker"
    words += f" -addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key -out {tmp_path}/ca.pem"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    passwords = folder / "passwords"
    making = [found("mosquitto_passwd"), "-c", "-b", str(passwords), "watch", "s3cret"]
    subprocess.run(making, check=True)
    settings = (f"certfile {tmp_path}/ca.pem", f"keyfile {folder}/key")
    started = Mosquitto(folder, (*settings, f"password_file {passwords}", "allow_anonymous false"))
    yield started
    started.process.kill()
    started.process.wait()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_tls_and_passwords(
    guarded: Mosquitto, run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    url = f"mqtts://127.0.0.1:{guarded.port}"
    call = ["watch", "nab-rds-online", "--mqtt", url, "--topic", "plant/+"]
    trusted = [*call, "--tls-ca", tmp_path / "ca.pem"]
    for words, env, complaint in [
        (call, {}, "CERTIFICATE_VERIFY_FAILED"),
        (trusted, {}, "refuses us: Not authorized"),
        (trusted, {"STILLWATCH_MQTT_USER": "watch"}, "refuses us: Not authorized"),
    ]:
        done = run(*words, env=env)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert complaint in done.stderr
    held = tmp_path / "credentials"
    held.write_text("watch:s3cret\n")
    held.chmod(0o600)
    with pytest.raises(subprocess.TimeoutExpired):  # it is let in, and stays
        subprocess.run(
            [Path(sys.executable).parent / "stillwatch", *trusted, "--credentials", held], timeout=8
        )
    assert "u'watch'" in guarded.log.read_text()
