"""The article's form of a service: FastAPI, a model of pydantic, onnxruntime; nothing else."""

import socket

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from stillwatch.runtime.capsule import opening

app = FastAPI()
session = onnxruntime.InferenceSession(opening.read_bytes("nab-rds-online"))


class Rows(BaseModel):
    """values: (N, T, C)."""

    values: list[list[list[float]]]


@app.post("/score")
async def score(rows: Rows) -> dict[str, list[list[float]] | list[list[bool]]]:
    """Returns the scores and alarms."""
    values = np.array(rows.values, np.float32)
    scores, alarms = session.run(["score", "alarm"], {"values": values})
    return {"score": scores.tolist(), "alarm": alarms.tolist()}


if __name__ == "__main__":
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="critical", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
