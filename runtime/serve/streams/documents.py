"""What the OpenAPI page says of bodies that the service reads by itself."""

from typing import Any

__all__ = ["FEEDBACK", "MANY_SAMPLES", "SAMPLES"]

_VALUES = {
    "oneOf": [
        {"type": "number"},
        {"type": "array", "items": {"type": "number"}, "minItems": 1},
        {"type": "object", "additionalProperties": {"type": "number"}},
    ],
    "description": "a number a channel: in their order, or by their names",
}
_SEQ = {"type": "integer", "minimum": 0, "maximum": 2**53}
_SAMPLE = {
    "type": "object",
    "properties": {
        "values": _VALUES,
        "seq": _SEQ,
        "time": {"oneOf": [{"type": "number"}, {"type": "string"}]},
    },
    "required": ["values"],
    "additionalProperties": False,
}
_MANY = {
    "type": "object",
    "properties": {
        "samples": {"type": "array", "items": {"anyOf": [_VALUES, _SAMPLE]}, "minItems": 1},
        "seq": _SEQ,
    },
    "required": ["samples"],
    "additionalProperties": False,
}

SAMPLES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_SAMPLE, _MANY]},
                "example": {"seq": 0, "samples": [[20.5], [20.7]]},
            },
            "text/csv": {"schema": {"type": "string"}, "example": "seq,value\n0,20.5\n1,20.7\n"},
        },
    }
}
MANY_SAMPLES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "streams": {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": {"anyOf": [_SAMPLE, _MANY]},
                        }
                    },
                    "required": ["streams"],
                    "additionalProperties": False,
                },
                "example": {"streams": {"pump-1": {"seq": 0, "samples": [[20.5]]}}},
            }
        },
    }
}
FEEDBACK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"feedback": {"enum": ["real", "false", "unknown"]}},
                    "required": ["feedback"],
                }
            }
        },
    }
}
