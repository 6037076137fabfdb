"""Puts the page together: every part inline, named by its hash in the content-security-policy."""

import base64
import gzip
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

from stillwatch.runtime.errors import InputError

__all__ = ["score_page"]

_BUNDLE, _WASM = "dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"
# In the order in which they need each other; from this folder, the live page's, the examples'.
_MODULES = (
    "examples/capsule.mjs",
    "examples/scoring.mjs",
    "serve/offline/assets/table.mjs",
    "serve/pages/assets/charts.js",
    "serve/offline/assets/main.mjs",
)
_LIBRARIES = ("serve/pages/assets/uplot.js", "serve/offline/assets/papaparse.js")
_STYLES = (
    "serve/pages/assets/uplot.css",
    "serve/pages/assets/page.css",
    "serve/offline/assets/page.css",
)
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|function|class|const)", re.MULTILINE)
_EXPORTED = re.compile(r"export\{([^}]*)\};?\s*(?://# sourceMappingURL=\S*)?\s*$")


def score_page(package: Path) -> str:
    """Returns the page as HTML, about 5 MB; package: the folder of npm's onnxruntime-web.

    Raises InputError for a folder that is none.
    """
    try:
        bundle = (package / _BUNDLE).read_text(encoding="utf-8")
        wasm = (package / _WASM).read_bytes()
        version = str(json.loads((package / "package.json").read_text())["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"expected npm's onnxruntime-web in {package}: npm install --ignore-scripts "
            f"onnxruntime-web, then its folder in node_modules ({error})"
        ) from None
    style = "\n".join(_own(name) for name in _STYLES)
    libraries = "\n;".join(_own(name) for name in _LIBRARIES)
    module = _engine(bundle, package) + "\n".join(_unbundled(_own(name)) for name in _MODULES)
    page = _own("serve/offline/assets/page.html")
    parts = {
        "script-hashes": f"{_hash(libraries)} {_hash(module)}",
        "style-hashes": _hash(style),
        "style": style,
        "libraries": libraries,
        "module": module,
        "onnxruntime": version,
        "wasm": base64.b64encode(gzip.compress(wasm, mtime=0)).decode(),
    }
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda found: parts[found[1]], page)


def _own(name: str) -> str:
    """Returns a text of this package; none may end the element that it will be in."""
    text = (files("stillwatch.runtime") / name).read_text(encoding="utf-8")
    return text if name.endswith(".html") else _inert(text)


def _inert(text: str) -> str:
    return re.sub(r"</(?=script|style)", r"<\\/", text, flags=re.IGNORECASE)


def _unbundled(module: str) -> str:
    """Returns a module without its imports and exports: all are in one."""
    return _EXPORT.sub("", _IMPORT.sub("", module))


def _engine(bundle: str, package: Path) -> str:
    """Returns onnxruntime-web's module as statements that declare what the page uses of it."""
    exported = _EXPORTED.search(bundle)
    if exported is None:
        raise InputError(f"expected an export at the end of {package / _BUNDLE}")
    pairs = (part.split(" as ") for part in exported[1].split(","))
    names = ", ".join(f"{pair[-1].strip()}: {pair[0].strip()}" for pair in pairs)
    body = _inert(bundle[: exported.start()])
    return (
        "const { InferenceSession, Tensor, env } = (() => {\n"
        f"{body}\nreturn {{ {names} }};\n}})();\n"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
