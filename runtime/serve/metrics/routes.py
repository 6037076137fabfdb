"""The path that a scraper asks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from stillwatch.runtime.serve.access.guard import needs
from stillwatch.runtime.serve.access.principal import Principal
from stillwatch.runtime.serve.metrics.meters import Meters

__all__ = ["get_metrics", "router"]

router = APIRouter(tags=["metrics"])
_Scraper = Annotated[Principal, Depends(needs("stream"))]


@router.get("/metrics")
def get_metrics(request: Request, _: _Scraper) -> Response:
    """Returns all figures: OpenMetrics, or Prometheus' text where that is asked for."""
    meters: Meters = request.app.state.meters
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(meters.registry), headers={"Content-Type": kind})
