"""The program from its first instant: `stillwatch`, or `python -m stillwatch`."""

import sys

__all__ = ["main"]


def main() -> int:
    """Runs the program and returns its exit status; an interrupt is one line at any moment."""
    try:
        from stillwatch.runtime.cli.main import main as run  # takes a while, with NumPy in it

        return run()
    except KeyboardInterrupt:
        print("stillwatch: interrupted before it began: say the same again", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
