"""Two full runs of the benchmark, kept as the cards of this machine's kind of CPU.

    python -m stillwatch.benchmarks.latency.cards.twice [--quick] [--out FOLDER]

Runs `stillwatch bench` twice, one run after the other, says on how many ratios
they agree, and only then puts both cards into the folder, in place of those of
the same kind; and measures `stillwatch bench edge` beside the first.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.card_file import read_card, write_card
from stillwatch.benchmarks.latency.cards.compare import disagreements
from stillwatch.benchmarks.latency.cards.kinds import AGAIN, CARDS, file_name, kind
from stillwatch.runtime.files import make_folder

__all__ = ["main"]

_BUILD = Path("build")


def main(words: list[str]) -> int:
    """Runs both; 1 where the runs disagree on a ratio, which are kept all the same."""
    parser = argparse.ArgumentParser(description="two runs, kept as this kind of CPU's cards")
    parser.add_argument("--quick", action="store_true", help="under five minutes each")
    parser.add_argument("--out", type=Path, default=CARDS, help="default: %(default)s")
    options = parser.parse_args(words)
    quick = ["--quick"] if options.quick else []
    first, again = (_run(name, quick) for name in ("bench", "bench-again"))
    _stillwatch(
        "bench", "edge", str(_BUILD / "bench" / "card.json"),
        "-o", str(options.out.parent / "edge.json"),
    )  # fmt: skip
    said = disagreements(first, again)
    make_folder(options.out)
    stem = file_name(first)
    for name, card in ((stem, first), (f"{stem}{AGAIN}", again)):
        write_card(options.out / f"{name}.json", card)
    print("\n".join([*said, f"kept in {options.out} as {stem}: {kind(first.machine)}"]))
    return 0 if len(said) == 1 else 1


def _run(name: str, quick: list[str]) -> Card:
    out = _BUILD / name
    _stillwatch("bench", *quick, "--out", str(out))
    return read_card(out / "card.json")


def _stillwatch(*words: str) -> None:
    """Runs the program; what it says goes where ours goes. Ends here with its status if not 0."""
    program = Path(sys.executable).with_name("stillwatch")
    done = subprocess.run([program, *words], check=False)  # noqa: S603  (our own program)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
