"""What the OpenAPI page says of bodies that the service reads by itself."""

from typing import Any

__all__ = ["FORECAST", "INFER"]

_NUMBERS: dict[str, Any] = {"type": "array", "minItems": 1}
_TENSOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"enum": ["BOOL", "FP32", "FP64", "INT32", "INT64"]},
        "data": {"type": "array", "items": {}},
        "parameters": {"type": "object"},
    },
    "required": ["name", "shape", "datatype"],
}
_EXAMPLE = {
    "inputs": [
        {"name": "values", "shape": [1, 2, 1], "datatype": "FP32", "data": [20.5, 20.7]},
    ]
}

INFER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "inputs": {"type": "array", "items": _TENSOR, "minItems": 1},
                        "outputs": {"type": "array", "items": {"type": "object"}},
                        "parameters": {"type": "object"},
                    },
                    "required": ["inputs"],
                },
                "example": _EXAMPLE,
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
FORECAST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "values": _NUMBERS,
                        "times": {"type": "array", "items": {"type": "string"}},
                        "horizon": {"type": "integer", "minimum": 1},
                    },
                    "required": ["values"],
                    "additionalProperties": False,
                }
            }
        },
    }
}
