"""Which broker, and who we are to it: an address, TLS files, a name and a password."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import failure

__all__ = ["Address", "Credentials", "TlsFiles"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_USER, _PASSWORD = "STILLWATCH_MQTT_USER", "STILLWATCH_MQTT_PASSWORD"
_OTHERS = 0o077


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user's name and password; the password is not shown."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def find(cls, path: Path | None, environment: Mapping[str, str] = os.environ) -> Self | None:
        """Returns those of a file, `user:password` in its first line, else of the environment.

        Raises InputError for a file that others may read.
        """
        if path is None:
            user = environment.get(_USER)
            return None if user is None else cls(user=user, password=environment.get(_PASSWORD, ""))
        try:
            with path.open(encoding="utf-8") as file:
                mode = os.fstat(file.fileno()).st_mode
                line = file.readline().rstrip("\r\n")
        except OSError as error:
            raise failure("read", path, error) from error
        except UnicodeDecodeError as error:
            raise InputError(f"expected user:password in {path}, got no UTF-8 text") from error
        if mode & _OTHERS:
            raise InputError(f"{path} holds a password and others may read it: chmod 600 {path}")
        user, colon, password = line.partition(":")
        if not (user and colon):
            raise InputError(f"expected user:password in the first line of {path}")
        return cls(user=user, password=password)


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """Whom to trust in place of the system's authorities, and a certificate of our own."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Returns what checks the broker's certificate and name; raises InputError."""
        if self.key is not None and self.certificate is None:
            raise InputError("expected --tls-cert with --tls-key")
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            files = (self.authority, self.certificate, self.key)
            names = ", ".join(str(path) for path in files if path is not None)
            raise InputError(f"cannot use {names} for TLS: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@dataclass(frozen=True, kw_only=True)
class Address:
    """A broker: mqtt://HOST[:PORT], or mqtts:// for TLS."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Returns the broker of a URL; raises InputError for another, or one with a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InputError(f"expected mqtt://HOST[:PORT] or mqtts://, got {error}") from error
        if parts.username is not None or parts.password is not None:
            raise InputError(
                "a password on the command line is seen by everybody on this machine: leave it out "
                f"of the URL and give --credentials FILE, or {_USER} and {_PASSWORD}"
            )
        plain = parts.path in ("", "/") and not (parts.query or parts.fragment)
        if parts.scheme not in _PORTS or not parts.hostname or port == 0 or not plain:
            raise InputError(f"expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT], got {url!r}")
        return cls(
            host=parts.hostname, port=port or _PORTS[parts.scheme], tls=parts.scheme == "mqtts"
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def _no_password() -> str:
    raise ValueError("the key has a passphrase; give one without")
