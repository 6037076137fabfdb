"""Draws the house from the code: which folder imports which, for docs/architecture.md.

PYTHONPATH=tests python -m structure.picture CHECKOUT            writes it between its markers
PYTHONPATH=tests python -m structure.picture --check CHECKOUT    says whether it is as the code
"""

import ast
import sys
from itertools import pairwise
from pathlib import Path, PurePosixPath

from structure import rules

BEGIN, END = "<!-- picture: drawn from the code -->", "<!-- picture: until here -->"
PAGE = "docs/architecture.md"


def modules_below(root: Path) -> dict[str, ast.Module]:
    """Returns the modules of a checkout, by path."""
    return {
        path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for floor in rules.FLOORS
        for path in sorted((root / floor).rglob("*.py"))
    }


def rooms(modules: rules.Modules) -> dict[str, set[str]]:
    """Returns for each room, a floor's folder, those it uses; files beside them are left out."""
    room = {rules.dotted(path): _room(path) for path in modules}
    used: dict[str, set[str]] = {name: set() for name in room.values() if name}
    for name, targets in rules.arrows(modules).items():
        if own := room[name]:
            used[own] |= {there for target in targets if (there := room[target])} - {own}
    return used


def plainest(used: dict[str, set[str]]) -> dict[str, set[str]]:
    """Returns the arrows without those that others imply: of a to b to c, not a to c.

    Of rooms that use each other, whose modules do not, every arrow is kept.
    """

    def below(name: str, seen: set[str]) -> set[str]:
        for target in used[name] - seen:
            seen.add(target)
            below(target, seen)
        return seen

    reached = {name: below(name, set()) for name in used}
    return {
        name: {
            target
            for target in targets
            if name in reached[target]
            or not any(
                target in reached[other] and other not in reached[target]
                for other in targets - {target}
            )
        }
        for name, targets in used.items()
    }


def picture(modules: rules.Modules) -> str:
    """Returns the rooms by floor, the highest first, as a Mermaid graph.

    An arrow means `uses`; what follows from other arrows is not drawn, and of
    arrows to another floor one for all.
    """
    lines = ["```mermaid", "flowchart TB"]
    used = rooms(modules)
    for floor in reversed(rules.FLOORS):
        lines.append(f"  subgraph {floor}")
        lines += [
            f"    {_id(name)}[{name.split('/')[-1]}]" for name in sorted(used) if _on(name, floor)
        ]
        lines.append("  end")
    floors = {floor: {name for name in used if _on(name, floor)} for floor in rules.FLOORS}
    for names in floors.values():
        within = plainest({name: used[name] & names for name in names})
        lines += sorted(
            f"  {_id(a)} --> {_id(b)}" for a, targets in within.items() for b in targets
        )
    lines += [f"  {a} ==> {b}" for b, a in pairwise(rules.FLOORS)]
    return "\n".join([*lines, "```"])


def _room(path: str) -> str:
    """Returns floor and folder, or nothing for a file that lies on the floor itself."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else ""


def _on(name: str, floor: str) -> bool:
    return name.split("/")[0] == floor


def _id(name: str) -> str:
    return name.replace("/", "_")


def main(words: list[str]) -> int:
    """Writes the picture, or with --check says whether it is there; returns the exit status."""
    check = "--check" in words
    root = Path(next(word for word in words if word != "--check"))
    page = root / PAGE
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    drawn = f"{before}{BEGIN}\n{picture(modules_below(root))}\n{END}{after}"
    if not check:
        page.write_text(drawn, encoding="utf-8")
    elif drawn != text:
        print(f"{PAGE} is not as the code: python -m structure.picture {root}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
