"""The data sets: loaders over one verified store, and a simulator for where there is none."""

from stillwatch.train.data.nab import RDS_TEST, RDS_TRAIN, load_nab
from stillwatch.train.data.series import LabelledSeries
from stillwatch.train.data.simulate import simulate_cpu
from stillwatch.train.data.smd import MACHINES, Machine, load_smd
from stillwatch.train.data.store import DATA_SETS, Store

__all__ = [
    "DATA_SETS",
    "MACHINES",
    "RDS_TEST",
    "RDS_TRAIN",
    "LabelledSeries",
    "Machine",
    "Store",
    "load_nab",
    "load_smd",
    "simulate_cpu",
]
