"""The SMD report: tables, pictures, and the protocol they follow."""

from collections.abc import Sequence
from pathlib import Path

from stillwatch.benchmarks.reproductions.smd import plots
from stillwatch.benchmarks.reproductions.smd.document import HEADER, Ablations, Results, smd_rows
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["smd_page"]


def smd_page(results: Results, machines: Sequence[Machine], out: Path) -> str:
    """Returns the report as one HTML page."""
    machine = machines[-1]
    name, detector = _smallest(results, machine, out)
    result = detector.score(machine.test)
    parts = [
        page.paragraph(_protocol(results)),
        page.paragraph(f"All machines: {', '.join(m.name for m in machines)}", "h2"),
        page.table(HEADER, smd_rows(results["summary"])),
        page.paragraph(_published(results)),
    ]
    if results["summary_others"]:
        chosen = " and ".join(results["chosen_on"])
        parts += [
            page.paragraph(f"Without machines {chosen}, on which the score was chosen", "h2"),
            page.table(HEADER, smd_rows(results["summary_others"])),
        ]
    parts += [
        page.paragraph("Window F1 by machine", "h2"),
        page.table(*_by_machine(results, machines)),
    ]
    if results["ablations"]:
        parts += [
            page.paragraph(_ablations_title(results["ablations"]), "h2"),
            page.table(HEADER, smd_rows(results["ablations"]["summary"])),
        ]
    parts += [
        page.paragraph("Pictures", "h2"),
        page.picture(
            plots.learning_curves(results["curves"]), "Learning curves (the paper's Figure 3)."
        ),
        page.picture(
            plots.size_against_detection(results["summary"]),
            "Parameters against window F1 and VUS-PR; bars are the spread over seeds.",
        ),
        page.picture(
            plots.machine_scores(machine, result, detector.info.threshold.value),
            f"Scores of {name}; shaded: labelled.",
        ),
        page.picture(
            plots.incident_errors(machine, result),
            f"Errors of {name} by channel around one incident; arrows: channels labelled at fault.",
        ),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: distillation on the Server Machine Dataset", parts)


def _ablations_title(ablations: Ablations) -> str:
    title = f"Ablations, machine {ablations['machine']}"
    return f"{title} (of {ablations['date']}, not made again)" if "date" in ablations else title


def _protocol(results: Results) -> str:
    """Returns how the figures came about, in a paragraph."""
    plan = results["plan"]
    return (
        "One network for all machines, one channel at a time with shared weights, trained on the "
        "first 70 % of each machine's training series in windows of 100, a window every "
        f"{plan['step']} rows, channels that never change left out; {plan['large_epochs']} epochs "
        f"at most for teacher and student, {plan['micro_epochs']} for the rest, early stopping. "
        "Scaler, Mahalanobis distance, threshold and count come from the last 30 %, which no "
        "network saw, for at most 1 % of normal windows called. Score 'robust' is what capsules "
        "ship with: residuals, their sizes and the scaled values, compressed, no scale below a "
        "50th of its range, and stretches of the normal rows that look unlike the rest left out. "
        "'Error and level' puts the scaled values beside the errors in one distance, 'error' is "
        "the published score; both over all held-out rows, as before the robust one. int8 is "
        "judged by the robust score alone. 'No model' is the same score with nothing "
        "reconstructed: 'robust', or of the scaled values ('level'). The "
        "universal student never saw the machine it is judged on. Windows of 100 follow one "
        "another; one counts as anomalous with any labelled row. Oracle: threshold and count "
        "chosen on the test labels, a bound and not a result. VUS-PR: our implementation, equal "
        "to aeon's, buffers 0 to 100. HitRate@100%: of the channels labelled at fault, ranked by "
        "what they contribute to the score, or by error. Agrees: share of windows called as by "
        "the teacher with the same score. Median over seeds (minimum to maximum) of macro averages."
    )


def _smallest(results: Results, machine: Machine, out: Path) -> tuple[str, Detector]:
    """Returns the smallest distilled student's name and detector, calibrated for a machine."""
    units = min(results["plan"]["hidden"])
    folder = out / "networks" / f"micro{units}-distilled-0"
    base = build_capsule(*load_checkpoint(folder))
    content = calibrate(base, folder.name, held_out(machine)).content
    return folder.name, Detector.from_bytes(content, folder.name)


def _published(results: Results) -> str:
    rows = "; ".join(
        f"{name} P {r['precision']:.2f} R {r['recall']:.2f} F1 {r['f1']:.2f}"
        for name, r in results["published"].items()
    )
    return (
        f"Published, for comparison: {rows}. The paper says neither which machines nor how "
        "windows were labelled and thresholds set, so the figures stand side by side and no more. "
        "Its student's F1 does not follow from one P and R, but could be a macro average."
    )


def _by_machine(
    results: Results, machines: Sequence[Machine]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    names = [machine.name for machine in machines]
    rows = []
    for row in results["summary"]:
        result = row["f1_by_machine"]
        cells = (f"{result[name]:.2f}" if name in result else "" for name in names)
        rows.append((row["row"], row["score"], *cells))
    return ("", "score", *names), rows
