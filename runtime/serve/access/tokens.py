"""JSON Web Tokens of somebody else's making: algorithm pinned, audience and expiry wanted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import jwt

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.access.principal import SCOPES, Principal

__all__ = ["Tokens"]

_SHORTEST_SECRET = 32  # bytes, as RFC 7518 wants of HS256
_LARGEST = 8192  # characters of a token
_LEEWAY = 5  # seconds by which clocks may differ


@dataclass(frozen=True)
class Tokens:
    """What tokens must be. keys: by `kid` for RS256; of HS256 the one under ""."""

    algorithm: str
    keys: dict[str, Any]
    audience: str

    @classmethod
    def with_secret(cls, path: Path, audience: str) -> Self:
        """Returns the rule of HS256 with the secret in a file; raises InputError."""
        secret = _content(path).strip()
        if len(secret) < _SHORTEST_SECRET:
            raise InputError(
                f"expected a secret of at least {_SHORTEST_SECRET} bytes in {path}, as 'openssl "
                f"rand -hex 32' makes, got {len(secret)}"
            )
        return cls("HS256", {"": secret}, audience)

    @classmethod
    def with_key_set(cls, path: Path, audience: str) -> Self:
        """Returns the rule of RS256 with the public keys of a JWKS file; raises InputError."""
        try:
            result = jwt.PyJWKSet.from_dict(json.loads(_content(path)))
            keys = {str(key.key_id or ""): key.key for key in result.keys if key.key_type == "RSA"}
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            raise InputError(f"expected a JSON Web Key Set in {path}: {error}") from error
        if not keys:
            raise InputError(f"expected RSA keys in {path}, got none")
        return cls("RS256", keys, audience)

    def principal(self, token: str) -> Principal | None:
        """Returns who a token is of; None for one that does not hold, whatever the reason."""
        if len(token) > _LARGEST:
            return None
        try:
            number = None
            if self.algorithm != "HS256":
                number = jwt.get_unverified_header(token).get("kid")
            key = self.keys.get(number or "")
            if key is None and len(self.keys) == 1 and number is None:
                key = next(iter(self.keys.values()))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[self.algorithm],
                audience=self.audience,
                leeway=_LEEWAY,
                options={"require": ["exp", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return Principal(f"jwt:{claims['sub']}"[:200], _scopes(claims))


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Returns the scopes of `scope`, words, or of the list `scopes`."""
    given = claims.get("scope", claims.get("scopes", ()))
    words = given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
    return frozenset(word for word in words if isinstance(word, str)) & set(SCOPES)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
