"""No one in without a key or token that holds, no one beyond their scopes and limits."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient
from support.serving import SHIPPED, client, service

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.access.keys import ACCESS_FILE, Keys
from stillwatch.runtime.serve.access.limits import Limits
from stillwatch.runtime.serve.access.tokens import Tokens
from stillwatch.runtime.serve.app import create_app
from stillwatch.runtime.serve.direct import DirectRoute
from stillwatch.runtime.serve.options import Bounds
from stillwatch.runtime.serve.problems import RequestError

SECRET = "of nobody but this test, 32 bytes"  # noqa: S105
MODEL = f"/v2/models/{SHIPPED}"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def asker(tmp_path: Path, keys: Keys) -> Iterator[TestClient]:
    with client(service(tmp_path, Guard(keys, None, None))) as found:
        yield found


def test_a_key_is_wanted_and_taken_in_either_header(asker: TestClient, keys: Keys) -> None:
    key = keys.add("pump-house", "infer")
    assert asker.get(MODEL).status_code == 401
    assert asker.get(MODEL).headers["WWW-Authenticate"] == "Bearer"
    assert asker.get(MODEL, headers=bearer(key)).status_code == 200
    assert asker.get(MODEL, headers={"X-API-Key": key}).status_code == 200
    assert asker.get("/v2/health/live").status_code == 200


def test_what_is_nearly_a_key_lets_nobody_in(asker: TestClient, keys: Keys) -> None:
    key = keys.add("a", "infer")
    other = keys.add("b", "infer")
    number = key.split("_")[1]
    wrong = ["", "sw_", key[:-1], key + "x", key.upper(), f"sw_{number}_", "sw__", "é",
             f"sw_{number}_{other.split('_', 2)[2]}"]  # fmt: skip
    for guess in wrong:
        headers = [(b"authorization", f"Bearer {guess}".encode())]
        assert asker.get(MODEL, headers=headers).status_code == 401, guess


def test_a_scope_is_wanted(asker: TestClient, keys: Keys) -> None:
    infer, stream = keys.add("i", "infer"), keys.add("s", "stream")
    admin = keys.add("a", "admin")
    assert asker.get("/streams", headers=bearer(infer)).status_code == 403
    assert asker.get(MODEL, headers=bearer(stream)).status_code == 403
    feedback = asker.post("/events/1/feedback", json={"feedback": "real"}, headers=bearer(stream))
    assert feedback.status_code == 403
    assert asker.get("/streams", headers=bearer(admin)).status_code == 200


def test_every_route_but_health_wants_a_key(asker: TestClient) -> None:
    paths = asker.app.openapi()["paths"]  # type: ignore[attr-defined]
    assert len(paths) > 10
    for path, methods in paths.items():
        for method in methods:
            found = asker.request(method, path.replace("{", "").replace("}", ""))
            expected = (200,) if path.startswith("/v2/health") else (401, 400)
            assert found.status_code in expected, (method, path)
            if found.status_code == 400:  # a number in the path, looked at before the key
                assert "number" in path


def test_what_is_asked_most_is_as_it_is_documented(tmp_path: Path, keys: Keys) -> None:
    guard = Guard(keys, None, None)
    app = create_app(service(tmp_path, guard))
    direct = [route for route in app.router.routes if isinstance(route, DirectRoute)]
    documented = app.openapi()["paths"]
    assert len(direct) == 6
    key = {"X-API-Key": keys.add("nothing-much", "feedback")}
    with TestClient(app) as asker:
        for route in direct:
            path = route.path.format(model=SHIPPED, version="1", stream="a")
            assert route.path in documented or f"/v1{route.path}" in documented
            for query in ("", "?model=x"):  # what has a query goes by FastAPI's own route
                assert asker.post(path + query, json={}).status_code == 401
                assert asker.post(path + query, json={}, headers=key).status_code == 403


def test_only_hashes_are_at_rest(tmp_path: Path, keys: Keys) -> None:
    secret = keys.add("a", "infer").split("_", 2)[2].encode()
    keys.close()
    for file in tmp_path.iterdir():
        assert secret not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / ACCESS_FILE).exists()


def test_a_revoked_key_counts_no_more_also_by_another_process(
    tmp_path: Path, asker: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.runtime.serve.access.keys._FRESH", 0.0)
    other = Keys(tmp_path)
    key = other.add("a", "infer")
    assert asker.get(MODEL, headers=bearer(key)).status_code == 200
    other.revoke("a")
    assert asker.get(MODEL, headers=bearer(key)).status_code == 401
    with pytest.raises(InputError, match="no key called 'a'"):
        other.revoke("a")
    other.close()


@pytest.fixture
def key_pair() -> tuple[Any, dict[str, Any]]:
    private = rsa.generate_private_key(65537, 2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    return private, public | {"kid": "one", "use": "sig", "alg": "RS256"}


def claims(**changed: Any) -> dict[str, Any]:
    usual = {"sub": "me", "aud": "plant", "exp": time.time() + 3600, "scope": "infer stream"}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def statuses(rule: Tokens, *tokens: str) -> list[bool]:
    return [rule.principal(token) is not None for token in tokens]


def test_tokens_of_hs256(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    rule = Tokens.with_secret(file, "plant")
    held = rule.principal(jwt.encode(claims(), SECRET, "HS256"))
    assert held is not None
    assert held.scopes == {"infer", "stream"}
    assert (
        statuses(
            rule,
            jwt.encode(claims(exp=time.time() - 60), SECRET, "HS256"),
            jwt.encode(claims(exp=None), SECRET, "HS256"),
            jwt.encode(claims(aud="other"), SECRET, "HS256"),
            jwt.encode(claims(aud=None), SECRET, "HS256"),
            jwt.encode(claims(sub=None), SECRET, "HS256"),
            jwt.encode(claims(nbf=time.time() + 3600), SECRET, "HS256"),
            jwt.encode(claims(), SECRET + "!", "HS256"),
            jwt.encode(claims(), SECRET * 2, "HS512"),
            jwt.encode(claims(), None, "none"),
            "a.b.c",
            "é",
            "x" * 100_000,
        )
        == [False] * 12
    )
    file.write_text("short")
    with pytest.raises(InputError, match="at least 32 bytes"):
        Tokens.with_secret(file, "plant")


def test_tokens_of_rs256_by_a_key_set(tmp_path: Path, key_pair: Any) -> None:
    private, public = key_pair
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [public]}))
    rule = Tokens.with_key_set(file, "plant")
    other = rsa.generate_private_key(65537, 2048)
    good = jwt.encode(claims(), private, "RS256", headers={"kid": "one"})
    assert statuses(rule, good, jwt.encode(claims(), private, "RS256")) == [True, True]
    # The public key as the secret of HS256: what a verifier that trusts the header falls for.
    forged = jwt.encode(claims(), "n" * 32 + public["n"], "HS256", headers={"kid": "one"})
    assert (
        statuses(
            rule,
            forged,
            jwt.encode(claims(), other, "RS256", headers={"kid": "one"}),
            jwt.encode(claims(), private, "RS256", headers={"kid": "two"}),
            jwt.encode(claims(exp=time.time() - 60), private, "RS256", headers={"kid": "one"}),
            good[:-2],
        )
        == [False] * 5
    )


def test_tokens_at_the_door(tmp_path: Path) -> None:
    rule = Tokens("HS256", {"": SECRET.encode()}, "plant")
    with client(service(tmp_path, Guard(None, rule, None))) as asker:
        held = jwt.encode(claims(scope="infer"), SECRET, "HS256")
        assert asker.get(MODEL, headers=bearer(held)).status_code == 200
        assert asker.get("/streams", headers=bearer(held)).status_code == 403
        stale = jwt.encode(claims(exp=time.time() - 60), SECRET, "HS256")
        assert asker.get(MODEL, headers=bearer(stale)).status_code == 401


def exhaust(limits: Limits) -> None:
    for _ in range(10):
        limits.take("a", "requests")


def test_limits_are_by_key_and_survive_a_restart(tmp_path: Path) -> None:
    rates = {"requests": 1.0, "rows": 100.0}
    for _ in range(2):  # the second after a restart
        limits = Limits(tmp_path, rates)
        with pytest.raises(RequestError) as refused:
            exhaust(limits)
        assert (refused.value.status, refused.value.retry is not None) == (429, True)
        limits.take("a", "rows", 50)
        limits.close()
    limits = Limits(tmp_path, rates)
    with pytest.raises(RequestError):
        limits.take("a", "requests")
    limits.take("b", "requests")
    limits.close()


def test_a_limit_is_told_with_when_to_try_again(tmp_path: Path, keys: Keys) -> None:
    key = keys.add("a", "infer")
    guard = Guard(keys, None, Limits(tmp_path, {"requests": 1.0, "rows": 100.0}))
    with client(service(tmp_path, guard)) as asker:
        answers = [asker.get(MODEL, headers=bearer(key)) for _ in range(8)]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert int(answers[-1].headers["Retry-After"]) >= 1


def test_without_keys_only_this_machine_asks_and_no_page_of_elsewhere(tmp_path: Path) -> None:
    with client(service(tmp_path)) as asker:
        for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
            assert asker.get(MODEL, headers=headers).status_code == 403
        own = {"host": "localhost:80", "origin": "http://localhost:80"}
        assert asker.get(MODEL, headers=own).status_code == 200


def test_bodies_streams_and_jobs_are_bounded(tmp_path: Path) -> None:
    bounds = Bounds(body=1_000, rows=5, streams=2)
    with client(service(tmp_path, bounds=bounds)) as asker:
        many = {"samples": [1] * 6, "seq": 0}
        assert asker.post("/streams/a/samples", json=many).status_code == 400
        large = asker.post("/streams/a/samples", content=b" " * 1_001)
        assert large.status_code == 413
        streamed = asker.post("/streams/a/samples", content=(b" " * 400 for _ in range(3)))
        assert streamed.status_code == 413
        said = [asker.post(f"/streams/{n}/samples", json={"values": 1}).status_code for n in "abc"]
        assert said == [200, 200, 429]
        packed = asker.post(
            "/streams/a/samples", content=b"x", headers={"content-encoding": "gzip"}
        )
        assert packed.status_code == 415


def test_an_unexpected_error_says_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = service(tmp_path)

    def broken(*_: object) -> None:
        raise RuntimeError("/etc/secret of sw_key")

    with client(made) as asker:
        monkeypatch.setattr(made.store, "streams", broken)
        answer = asker.get("/streams")
    assert answer.status_code == 500
    assert answer.json() == {"error": "the service failed on this request; its log says where"}
    assert "secret" not in caplog.text
    assert "RuntimeError" in caplog.text
