"""The engines, a file each: whatever module of this folder has an ENGINE is one.

So adding an engine is adding a file; and reading their names imports none of
the frameworks, which each engine imports when it is started.
"""

import importlib
import pkgutil

from stillwatch.benchmarks.latency.engines.base import Engine
from stillwatch.runtime.errors import ExtraError, InputError

__all__ = ["available", "engines", "named"]


def engines() -> dict[str, Engine]:
    """Returns every engine there is by its name, installed or not, sorted."""
    modules = (
        importlib.import_module(f"{__name__}.{item.name}")
        for item in pkgutil.iter_modules(__path__)
    )
    item = (module.ENGINE for module in modules if hasattr(module, "ENGINE"))
    return {engine.name: engine for engine in sorted(item, key=lambda engine: engine.name)}


def named(names: list[str] | None) -> list[Engine]:
    """Returns the engines of these names, all for None; raises InputError for another name."""
    known = engines()
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        raise InputError(f"expected engines of {', '.join(known)}, got {', '.join(unknown)}")
    return [engine for name, engine in known.items() if not names or name in names]


def available(wanted: list[Engine]) -> tuple[list[Engine], dict[str, str]]:
    """Returns the engines that can run here, and why each of the others cannot.

    Starts them, so it imports every framework: in a process of its own where
    that would be in the way.
    """
    result, absent = [], {}
    for engine in wanted:
        try:
            engine.start()
            result.append(engine)
        except ModuleNotFoundError as error:
            absent[engine.name] = f"{error.name} is not installed"
        except (ExtraError, ImportError, OSError) as error:
            absent[engine.name] = str(error).partition("\n")[0]
    return result, absent
