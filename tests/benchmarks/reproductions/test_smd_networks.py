"""Which networks stand in the SMD table, what they see, and what they are judged on."""

import pytest

from stillwatch.benchmarks.reproductions.smd.networks import ALPHA, Plan, ablations, networks
from stillwatch.runtime.errors import InputError

MACHINES = ("1-1", "2-3", "3-3")


@pytest.mark.parametrize("channels", ["independent", "joint"])
def test_networks_have_names_of_their_own(channels: str) -> None:
    plan = Plan(machines=MACHINES, channels=channels)
    names = [network.name for network in (*networks(plan), *ablations(plan, "2-3"))]
    assert len(set(names)) == len(names)
    assert names[0] == "teacher"


def test_networks_of_one_row_differ_by_seed_or_machine_alone() -> None:
    rows: dict[str, set[object]] = {}
    for network in networks(Plan(machines=MACHINES)):
        one = (network.config.units, network.config.alpha, network.taught)
        rows.setdefault(network.row, set()).add(one)
    assert all(len(kinds) == 1 for kinds in rows.values())
    assert len(rows) == 3 + 2 * 4 + 1


def test_universal_networks_never_see_the_machine_they_are_judged_on() -> None:
    found = [n for n in networks(Plan(machines=MACHINES)) if n.row.startswith("universal")]
    assert len(found) == 3 * len(MACHINES)  # three seeds each
    judged = []
    for network in found:
        (machine,) = [name for name in MACHINES if network.judged_on(name)]
        assert [name for name in MACHINES if not network.sees(name)] == [machine]
        assert not network.taught  # a teacher would have seen it
        judged.append(machine)
    assert sorted(judged) == sorted(3 * MACHINES)


def test_others_see_and_are_judged_on_every_machine() -> None:
    others = [n for n in networks(Plan(machines=MACHINES)) if not n.row.startswith("universal")]
    assert others
    for network in others:
        assert all(network.sees(name) and network.judged_on(name) for name in MACHINES)


def test_networks_alone_have_no_teacher_and_those_taught_have() -> None:
    found = {n.name: n for n in networks(Plan(machines=MACHINES, seeds=2))}
    alone = [n for name, n in found.items() if "-alone" in name]
    taught = [n for name, n in found.items() if "-distilled" in name]
    assert len(alone) == len(taught) == 1 + 4 * 2
    assert all(n.config.alpha == 0 and not n.taught for n in alone)
    assert all(n.config.alpha == ALPHA and n.taught for n in taught)
    assert all(n.taught == (n.config.alpha > 0) for n in found.values())


def test_controls_differ_from_their_twins_by_alpha_alone() -> None:
    found = {n.name: vars(n.config) for n in networks(Plan(machines=MACHINES))}
    for name, config in found.items():
        if "-distilled" in name:
            twin = found[name.replace("distilled", "alone")]
            assert config == {**twin, "alpha": ALPHA}


def test_ablations_see_one_machine() -> None:
    for network in ablations(Plan(machines=MACHINES), "2-3"):
        assert [name for name in MACHINES if network.sees(name)] == ["2-3"]
        assert [name for name in MACHINES if network.judged_on(name)] == ["2-3"]
        assert network.taught == (network.config.alpha > 0)


def test_one_machine_has_no_universal_network() -> None:
    assert not [n for n in networks(Plan(machines=("1-1",))) if n.left_out]


@pytest.mark.parametrize("empty", [{"machines": ()}, {"hidden": ()}, {"seeds": 0}])
def test_plan_with_nothing_in_it(empty: dict[str, object]) -> None:
    with pytest.raises(InputError, match="at least one"):
        Plan(**{"machines": MACHINES, **empty})  # type: ignore[arg-type]
