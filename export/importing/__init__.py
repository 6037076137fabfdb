"""LSTM networks that others trained: read as data, understood, written as a checkpoint."""
