"""The commands that make capsules: what is typed, who answers, what it needs, a line of help."""

from stillwatch.runtime.cli.command import Command

__all__ = ["COMMANDS"]

COMMANDS = (
    Command(
        words="train sensor",
        module="stillwatch.export.own_data.command",
        extra="train",
        help="a sensor autoencoder on your own CSV or Parquet file: checkpoint, capsule and report",
    ),
    Command(
        words="train forecaster",
        module="stillwatch.export.forecasting.command",
        extra="train",
        help="a forecaster on your own CSV file: checkpoint, capsule with intervals, and report",
    ),
    Command(
        words="export",
        module="stillwatch.export.export_command",
        extra="export",
        help="checkpoint -> capsule",
    ),
    Command(
        words="export --c",
        module="stillwatch.export.c.command",
        extra="c",
        help="a capsule -> C for a microcontroller, with its self-test and an example",
    ),
    Command(
        words="calibrate",
        module="stillwatch.export.calibrate.command",
        extra="export",
        help="a capsule and normal data -> the same network for these sensors",
    ),
    Command(
        words="recalibrate",
        module="stillwatch.export.recalibrate.command",
        extra="export",
        help="a served model, fitted anew to its streams' rows and to what people said of events",
    ),
    Command(
        words="import",
        module="stillwatch.export.importing.command",
        extra="export",
        help="a network of Gluon, PyTorch, Keras or ONNX -> checkpoint",
    ),
    Command(
        words="verify --against",
        module="stillwatch.export.importing.verify_command",
        extra="export",
        help="an import beside the file that it came from, run by its own framework",
    ),
    Command(
        words="verify --c",
        module="stillwatch.export.c.check_command",
        extra="c",
        help="a capsule's C, built by the compiler that is here, beside onnxruntime",
    ),
    Command(
        words="verify --checkpoint",
        module="stillwatch.export.verify.command",
        extra="train,export",
        help="compare MXNet, onnx's reference evaluator and NumPy too, on a whole series",
    ),
)
