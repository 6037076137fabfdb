"""The NAB table from its figures, and in words what the network adds."""

from stillwatch.benchmarks.reproductions.nab.document import Results, Row
from stillwatch.benchmarks.reproductions.nab.summary import PARTS

__all__ = ["HEADER", "table_rows", "what_the_network_adds"]

HEADER = ("", "parameters", "standard", "chosen", "held", "low FP", "low FN", "spread, standard")


def table_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the table: a row a detector, medians over seeds; then the published ones."""
    rows = []
    for one in results["rows"]:
        standard = one["standard"]
        low_fp, low_fn = one["reward_low_FP_rate"], one["reward_low_FN_rate"]
        span = standard["all"]
        rows.append(
            (
                one["row"],
                f"{one['parameters']:,}" if one["parameters"] else "none",
                *(f"{standard[part]['median']:.1f}" for part in PARTS),
                f"{low_fp['all']['median']:.1f}",
                f"{low_fn['all']['median']:.1f}",
                f"{span['min']:.1f} to {span['max']:.1f}" if len(one["seeds"]) > 1 else "",
            )
        )
    for name, figures in results["published"].items():
        scores = (figures["standard"], figures["reward_low_FP_rate"], figures["reward_low_FN_rate"])
        whole, fewer_alarms, fewer_misses = (f"{score:.1f}" for score in scores)
        rows.append((f"{name}, published", "", whole, "", "", fewer_alarms, fewer_misses, ""))
    return rows


def _median(one: Row) -> float:
    return one["standard"]["all"]["median"]


def what_the_network_adds(results: Results) -> str:
    """Returns a sentence: the largest network against the best control, and the seed spread."""
    networks = [one for one in results["rows"] if one["row"].startswith("LSTM")]
    controls = [one for one in results["rows"] if one["row"] in ("slow mean", "clock regression")]
    network, control = max(networks, key=_median), max(controls, key=_median)
    result, plain = network["standard"]["all"], control["standard"]["all"]["median"]
    gain = result["median"] - plain
    span = f"{result['min']:.1f} to {result['max']:.1f} over {len(network['seeds'])} seeds"
    inside = result["min"] <= plain <= result["max"] or abs(gain) < 1
    verdict = (
        "that is nothing: what finds the anomalies is the judge"
        if inside
        else "most of the score is the judge's all the same"
    )
    return (
        f"What the network adds: {network['row']} scores {result['median']:.1f} ({span}), the "
        f"control without a network ({control['row']}) {plain:.1f}: {gain:+.1f}; {verdict}."
    )
