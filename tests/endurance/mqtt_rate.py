"""How many messages a second go through mosquitto and a watch at QoS 1, each scored and saved.

python -m endurance.mqtt_rate --messages 100000 --out throughput.json
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from support.mosquitto import PATIENCE, Mosquitto
from support.mqtt_lives import Lives, payloads, until_online

__all__ = ["throughput"]

TICKS = os.sysconf("SC_CLK_TCK")


def throughput(program: Path, messages: int, streams: int, verdicts: str) -> dict[str, object]:
    """Returns messages a second from the first one published to the last one saved.

    cpu_microseconds: of the watch and of the broker, a message; on a busy
    machine they say more than the rate.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(folder)
        lives = Lives(program, folder, broker, "--time", "t", "--verdicts", verdicts)
        until_online(broker)
        files = []
        for stream in range(streams):
            files.append(folder / f"lines-{stream}")
            lines = payloads(stream, messages // streams, times=True)
            files[-1].write_bytes(b"\n".join(lines) + b"\n")
        pids = {"watch": lives.process.pid, "broker": broker.process.pid}
        before = {name: _seconds(pid) for name, pid in pids.items()}
        began = time.monotonic()
        publishers = [broker.publish(f"plant/{s}", path) for s, path in enumerate(files)]
        lives.until_answered(messages, 20 * PATIENCE)
        seconds = time.monotonic() - began
        used = {name: _seconds(pid) - before[name] for name, pid in pids.items()}
        for publisher in publishers:
            publisher.wait(PATIENCE)
        lives.end()
        broker.stop()
    return {
        "messages": messages,
        "streams": streams,
        "verdicts": verdicts,
        "messages_a_second": round(messages / seconds),
        "cpu_microseconds": {name: round(1e6 * spent / messages) for name, spent in used.items()},
        "load_average_at_the_end": round(os.getloadavg()[0], 1),
    }


def _seconds(pid: int) -> float:
    """Returns the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    """Measures, and writes what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    program = Path(sys.executable).parent / "stillwatch"
    runs = [
        throughput(program, arguments.messages, streams, verdicts)
        for streams, verdicts in ((10, "none"), (10, "all"), (1000, "none"))
    ]
    content = {
        "command": "make mqtt-rate",
        "what": "mosquitto_pub -> mosquitto -> watch --mqtt --state, all on one machine of "
        f"{os.cpu_count()} cores, QoS 1, nab-rds-online",
        "runs": runs,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
