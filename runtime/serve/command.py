"""`stillwatch serve CAPSULE [NAME=CAPSULE ...]`: capsules over HTTP."""

import argparse
import gc
import ipaddress
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from stillwatch.runtime.alarms.policies.policy_table import policy_forms
from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.cli.budget_options import add_budget_options
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.access.keys import Keys
from stillwatch.runtime.serve.access.limits import Limits
from stillwatch.runtime.serve.access.tokens import Tokens
from stillwatch.runtime.serve.app import create_app
from stillwatch.runtime.serve.broker.broker_options import add_broker_options, worker_of
from stillwatch.runtime.serve.models.registry import named_capsules
from stillwatch.runtime.serve.options import Bounds, ServeOptions
from stillwatch.runtime.serve.patience import PatientProtocol
from stillwatch.runtime.serve.service import Service

__all__ = ["add_arguments", "run"]

DEFAULT_FOLDER = Path("stillwatch-state")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a service."""
    parser.add_argument(
        "capsules", nargs="+", metavar="[NAME=]CAPSULE",
        help="path of a capsule, or a shipped one such as nab-rds-online; streams that name no "
        "model are of the first",
    )  # fmt: skip
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER",
        help="where keys, streams and events are (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--host", default="127.0.0.1", help="where to listen (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=8470, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--threshold", metavar="POLICY", help=f"of all streams: {policy_forms()}")
    add_budget_options(parser)
    parser.add_argument(
        "--max-streams",
        type=int,
        default=Bounds.streams,
        metavar="N",
        help="(default: %(default)s)",
    )
    parser.add_argument(
        "--keep", type=int, default=Bounds.kept // 2**20, metavar="MIB",
        help="MiB of rows that are kept for pages and recalibration (default: %(default)s)",
    )  # fmt: skip
    _add_access_options(parser)
    add_broker_options(parser)


def _add_access_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who may ask", "keys are made by 'stillwatch keys add NAME'")
    group.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")
    group.add_argument(
        "--behind-proxy", action="store_true", help="TLS is done by a proxy on this machine or net"
    )
    group.add_argument(
        "--jwt-secret", type=Path, metavar="FILE", help="take tokens signed by HS256"
    )
    group.add_argument(
        "--jwks",
        type=Path,
        metavar="FILE",
        help="take tokens signed by RS256 with one of these keys",
    )
    group.add_argument("--jwt-audience", metavar="NAME", help="what tokens must be meant for")
    group.add_argument(
        "--rate",
        type=float,
        default=2000,
        metavar="N",
        help="requests a second by key (default: %(default)s)",
    )
    group.add_argument(
        "--row-rate",
        type=float,
        default=200000,
        metavar="N",
        help="rows a second by key (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="stillwatch: %(message)s")
    guard = _guard(arguments)
    if guard.is_open and not _is_loopback(arguments.host):
        guard.close()
        raise InputError(
            f"listening on {arguments.host} without keys would let anybody in: make one with "
            f"'stillwatch keys add NAME --state {arguments.state}', or listen on 127.0.0.1"
        )
    options = ServeOptions(
        folder=arguments.state,
        threshold=_threshold(arguments),
        bounds=Bounds(streams=arguments.max_streams, kept=arguments.keep * 2**20),
    )
    service = Service(named_capsules(arguments.capsules), options, guard)
    worker = worker_of(arguments, service)
    config = uvicorn.Config(
        create_app(service, [] if worker is None else [worker]),
        http=PatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        limit_concurrency=1_000,
        ssl_certfile=arguments.tls_cert,
        ssl_keyfile=arguments.tls_key,
        proxy_headers=False,
    )
    listening = _listen(arguments.host, arguments.port)
    host, port = listening.getsockname()[:2]
    scheme = "https" if arguments.tls_cert else "http"
    shown = f"[{host}]" if ":" in host else host
    print(f"serving {', '.join(service.registry.names)} on {scheme}://{shown}:{port}", flush=True)
    # uvicorn ends well and then sends itself the signal again: that is no way to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # What is here now stays: to look through it again and again took a fifth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
    return 0


def _guard(arguments: argparse.Namespace) -> Guard:
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        raise InputError("expected --tls-cert and --tls-key together, got only one of them")
    tokens = None
    if arguments.jwt_secret or arguments.jwks:
        if arguments.jwt_secret and arguments.jwks:
            raise InputError("expected --jwt-secret or --jwks, got both")
        if not arguments.jwt_audience:
            raise InputError("expected --jwt-audience with tokens: what they must be meant for")
        if arguments.jwks:
            tokens = Tokens.with_key_set(arguments.jwks, arguments.jwt_audience)
        else:
            tokens = Tokens.with_secret(arguments.jwt_secret, arguments.jwt_audience)
    rates = {"requests": arguments.rate, "rows": arguments.row_rate}
    if min(rates.values()) <= 0:
        raise InputError("expected a --rate and a --row-rate above 0")
    keys = Keys(arguments.state)
    if not keys.listed() and tokens is None:
        keys.close()
        return Guard.open()
    return Guard(keys, tokens, Limits(arguments.state, rates))


def _threshold(arguments: argparse.Namespace) -> ThresholdPolicy:
    if arguments.budget is None:
        threshold: ThresholdPolicy = arguments.threshold
        return threshold
    if arguments.threshold is not None:
        raise InputError("expected --threshold or --budget, got both")
    period = (
        "" if arguments.period is None else f",{arguments.period:.9f}".rstrip("0").rstrip(".") + "s"
    )
    return f"budget({arguments.budget}{period})"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    result = socket.socket(family, socket.SOCK_STREAM)
    result.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        result.bind((host, port))
        result.listen(1_000)  # who comes before the app is ready waits, and is not refused
    except (OSError, OverflowError) as error:
        result.close()
        raise InputError(f"cannot listen on {host} port {port}: {error}") from None
    return result
