"""A capsule as C: what emx-onnx-cgen makes of its graph, and around it a state and a step."""
