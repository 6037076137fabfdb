"""Which broker, and what is not said on a command line."""

from pathlib import Path

import pytest

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.mqtt.address import Address, Credentials, TlsFiles


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://broker", "mqtts://broker:8883"),
        ("mqtts://[::1]:99/", "mqtts://[::1]:99"),
    ],
)
def test_addresses(url: str, shown: str) -> None:
    assert str(Address.parse(url)) == shown


@pytest.mark.parametrize(
    "url", ["broker", "http://broker", "mqtt://", "mqtt://b/topic", "mqtt://b:0", "mqtt://b:x"]
)
def test_no_address(url: str) -> None:
    with pytest.raises(InputError, match="expected mqtt://HOST"):
        Address.parse(url)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="--credentials FILE") as caught:
        Address.parse("mqtt://user:s3cret@broker")
    assert "s3cret" not in str(caught.value)


def test_credentials(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("user:pass:word\n")
    path.chmod(0o644)
    with pytest.raises(InputError, match="others may read it"):
        Credentials.find(path)
    path.chmod(0o600)
    found = Credentials.find(path, {})
    assert found == Credentials(user="user", password="pass:word")  # noqa: S106
    assert "word" not in repr(found)
    path.write_text("user\n")
    with pytest.raises(InputError, match="expected user:password"):
        Credentials.find(path)
    with pytest.raises(InputError, match="cannot read"):
        Credentials.find(tmp_path / "none")
    given = {"STILLWATCH_MQTT_USER": "a", "STILLWATCH_MQTT_PASSWORD": "b"}
    assert Credentials.find(None, given) == Credentials(user="a", password="b")  # noqa: S106
    assert Credentials.find(None, {}) is None


def test_tls_files(tmp_path: Path) -> None:
    assert TlsFiles().context().check_hostname
    with pytest.raises(InputError, match="cannot use"):
        TlsFiles(authority=tmp_path / "none").context()
    with pytest.raises(InputError, match="--tls-cert"):
        TlsFiles(key=tmp_path / "none").context()
