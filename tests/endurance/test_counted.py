"""What `make fuzz` counts: the draws that Hypothesis tells, whatever is printed around them."""

from endurance.fuzz import counted

TOLD = "    - 100 passing, 0 failing, and 45 invalid test cases\n"
OLDER = "    - 7 passing examples, 1 failing examples, and 0 invalid examples\n"


def test_all_draws_of_all_phases_are_counted() -> None:
    assert counted("tests/a.py::test:\n\n" + TOLD + OLDER) == 145 + 8


def test_a_number_without_end_does_not_hold_it_up() -> None:
    assert counted(f"value = {'9' * 1_000_000}\n{TOLD}") == 145
