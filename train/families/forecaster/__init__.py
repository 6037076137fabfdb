"""Forecasters: an LSTM over segments that answers at once, or one that is fed its own answers."""
