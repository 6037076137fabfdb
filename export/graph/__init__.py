"""Builders of the ONNX graph, a part each."""
