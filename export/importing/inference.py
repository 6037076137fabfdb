"""Which of our families a network is: from names, shapes, and what its file says of itself."""

import dataclasses

from stillwatch.export.importing.autoencoders import repeat_vector, sensor
from stillwatch.export.importing.layers import Dense, Foreign, Lstm
from stillwatch.export.importing.stacks import stack
from stillwatch.export.importing.understood import Options, Understood, Unfit, named, plain
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["understand"]


def understand(network: Foreign, options: Options, name: str) -> Understood:
    """Returns the network as one of our families; raises CheckpointError with what it would want.

    Where several fit, as the repeat-vector and the sensor family do by their
    shapes, `options.family` has to say which.
    """
    families = {
        "nab-rds": _nab_rds,
        "repeat-vector": repeat_vector,
        "sensor": sensor,
        "stack": stack,
    }
    if options.family is not None and options.family not in families:
        raise CheckpointError(f"expected a family of {', '.join(families)}, got {options.family!r}")
    fits, reasons = [], []
    for family, take in families.items():
        if options.family not in (None, family):
            continue
        try:
            fits.append(take(network, options))
        except Unfit as reason:
            reasons.append(f"{family}: {reason}")
    # A stack can be most of what the others are: it is for what is none of them.
    fits = [fit for fit in fits if fit.family != "stack"] or fits
    if len(fits) == 1:
        return _with_scaler(fits[0], network)
    if not fits:
        raise CheckpointError(
            f"{name} holds {_layers(network)}, which is no family of ours ({'; '.join(reasons)})"
        )
    raise CheckpointError(
        f"{name} can be {' or '.join(f.family for f in fits)}, and names do not tell: give "
        "--family repeat-vector where the decoder begins from zeros, --family sensor where it "
        "begins from the encoder's (h, c)"
    )


def _with_scaler(understood: Understood, network: Foreign) -> Understood:
    if network.scaler is None:
        return understood
    size = len(network.scaler.mean)
    if size != understood.channels:
        raise CheckpointError(
            f"the file's scaler is for {size} channels, its network for {understood.channels}"
        )
    remark = "the scaler in the file is that of the network's channels, one for one"
    return dataclasses.replace(
        understood, scaler=network.scaler, remarks=(*understood.remarks, remark)
    )


def _nab_rds(network: Foreign, options: Options) -> Understood:
    lstm, dense, *others = (*network.layers, None, None)
    if any(others) or not isinstance(lstm, Lstm) or not isinstance(dense, Dense):
        raise Unfit("wants one LSTM layer and one dense layer")
    plain(lstm)
    if lstm.inputs != 1 or dense.outputs != 1 or dense.inputs != lstm.outputs:
        raise Unfit(f"wants 1 value in and 1 out, this reads {lstm.inputs}, gives {dense.outputs}")
    if lstm.sequences is False:
        raise Unfit("wants an answer at every step, this LSTM passes on its last one")
    activation = options.activation or dense.activation
    if activation not in (None, "tanh"):
        raise Unfit(f"wants tanh behind the dense layer, this has {activation}")
    window = options.window or network.window or NabRdsConfig().window
    remarks = []
    if activation is None:
        remarks.append("tanh behind the dense layer, which the file does not say")
    if not (options.window or network.window):
        remarks.append(f"windows of {window} rows, as published; --window for another")
    weights, table = named([("lstm", 0, lstm)], dense, one_bias=False)
    config = NabRdsConfig(units=lstm.forward.units, window=window)
    return Understood(
        family="nab-rds",
        config=config,
        channels=1,
        weights=weights,
        table=table,
        remarks=tuple(remarks),
    )


def _layers(network: Foreign) -> str:
    def text(layer: object) -> str:
        if isinstance(layer, Lstm):
            two = ", both directions" if layer.backward is not None else ""
            return f"LSTM({layer.inputs} -> {layer.outputs}{two})"
        if isinstance(layer, Dense):
            return f"Dense({layer.inputs} -> {layer.outputs})"
        return "Repeat"

    return ", ".join(map(text, network.layers))
