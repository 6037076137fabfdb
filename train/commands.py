"""The commands that train: what is typed, who answers, what it needs, and a line of help."""

from stillwatch.runtime.cli.command import Command

__all__ = ["COMMANDS"]

COMMANDS = (
    Command(words="train", help="one training run -> checkpoint"),
    Command(
        words="train nab-rds",
        module="stillwatch.train.families.nab_rds.command",
        extra="train",
        help="the single-feature autoencoder of NAB's RDS CPU series, 18 parameters",
    ),
    Command(
        words="train smd",
        module="stillwatch.train.families.repeat_vector.command",
        extra="train",
        help="a repeat-vector autoencoder on the Server Machine Dataset: teacher, student or "
        "smaller",
    ),
    Command(
        words="tune", help="search the options of a training run for the least validation loss"
    ),
    Command(
        words="tune sensor",
        module="stillwatch.train.tuning.command",
        extra="train,export,benchmarks,tune",
        help="units, layers, batch, learning rate and dropout of a sensor autoencoder",
    ),
    Command(words="data", help="fetch the public data, verified"),
    Command(
        words="data fetch",
        module="stillwatch.train.data.fetch_command",
        extra="train",
        help="bring a public data set into the store, verified",
    ),
)
