"""Who asks, and what for."""

from dataclasses import dataclass

from stillwatch.runtime.errors import InputError

__all__ = ["SCOPES", "Principal", "check_scopes"]

# infer: ask models. stream: send samples, read streams and events. feedback: say what an event
# was. admin: all of these, and the service's own figures.
SCOPES = ("infer", "stream", "feedback", "admin")


@dataclass(frozen=True)
class Principal:
    """name: by which limits are kept and feedback is signed."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes or "admin" in self.scopes


def check_scopes(scopes: str) -> frozenset[str]:
    """Returns the scopes in "infer,stream"; raises InputError for one that is none."""
    result = frozenset(scope.strip() for scope in scopes.split(",") if scope.strip())
    unknown = result - set(SCOPES)
    if unknown or not result:
        raise InputError(f"expected scopes of {', '.join(SCOPES)}, got {scopes[:80]!r}")
    return result
