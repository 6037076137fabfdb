"""Trains LSTM autoencoders in MXNet Gluon and leaves checkpoints: a .params file and its JSON.

Nothing here imports MXNet until a model is built, so that configurations,
checkpoints and data can be read where MXNet cannot be installed.
"""
