"""The data sets: loaders over one verified store, and a simulator for where there is none."""

from stillwatch.train.data.sets.ett import ETT_SERIES, load_ett
from stillwatch.train.data.sets.nab import NAB_SERIES, RDS_TEST, RDS_TRAIN, load_nab
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.data.sets.simulate import simulate_cpu
from stillwatch.train.data.sets.smd import MACHINES, Machine, load_smd
from stillwatch.train.data.sets.store import DATA_SETS, Store

__all__ = [
    "DATA_SETS",
    "ETT_SERIES",
    "MACHINES",
    "NAB_SERIES",
    "RDS_TEST",
    "RDS_TRAIN",
    "LabelledSeries",
    "Machine",
    "Store",
    "load_ett",
    "load_nab",
    "load_smd",
    "simulate_cpu",
]
