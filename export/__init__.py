"""Turns checkpoints into capsules: one ONNX file that is the whole detector. Needs no MXNet."""
