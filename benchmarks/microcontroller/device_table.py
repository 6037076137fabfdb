"""What C takes of a device, as a table: of the figures as JSON has them."""

from typing import Any

__all__ = ["HEADER", "table"]

HEADER = (
    *("model", "built", "flash, bytes", "of it the model", "RAM", "stack"),
    *("instructions a row", "scores beside onnxruntime's"),
)


def table(models: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Returns the builds, as JSON has them, as rows of text."""
    return [
        (
            model["name"],
            build["optimise"],
            *(f"{build[key]:,}" for key in ("flash", "flash_model", "ram", "stack")),
            f"{build['instructions_a_row']:,.0f}",
            _said(build),
        )
        for model in models
        for build in model["builds"]
    ]


def _said(build: dict[str, Any]) -> str:
    if not build["passed"]:
        return f"{build['ulp']} ULP: FAILED"
    return "equal to the bit" if build["ulp"] == 0 else f"{build['ulp']} ULP"
