"""What `initlint check` reads of the architectures of the zoo: a script that builds one, traced with its library."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from zoo import CONFIGURATIONS, FIXTURES, PROJECTS, Architecture, declare_missing_operators

from initlint.gathering import Gathered
from initlint.network import Network
from initlint.tracing import trace_script

LIBRARIES = ("torchvision", "timm", "transformers")


def trace(architecture: Architecture, under: Path, model: str = "") -> Network | None:
    """The network that `check` reads from a script that builds the architecture; the script is kept, too."""
    kept = under / f"{architecture.library}-{architecture.name}.txt"
    if not kept.exists():
        kept.write_text(script(architecture), encoding="utf-8")
    with TemporaryDirectory() as folder:
        for source in _sources(architecture):
            Path(folder, source.name).symlink_to(source)
        gathered = Gathered.from_text(kept.read_text(encoding="utf-8"), str(Path(folder, "script.py")))
        (module,) = gathered.program.modules
        networks = list(trace_script(gathered.program, module))
    return max(networks, key=lambda each: (each.name == model, len(each.layers)), default=None)


def _sources(architecture: Architecture) -> list[Path]:
    """Files and packages that the script imports."""
    if architecture.library == "fixtures":
        return [path for path in (FIXTURES / architecture.name).iterdir() if path.suffix in ("", ".py")]
    found = [find_spec(name) for name in LIBRARIES]
    return [Path(each.origin).parent for each in found if each is not None and each.origin is not None]


def script(architecture: Architecture) -> str:
    """Source that builds it as the zoo does."""
    declare_missing_operators()
    writers = {"torchvision": _torchvision, "timm": _timm, "transformers": _transformers, "fixtures": _project}
    return writers[architecture.library](architecture.name)


def _torchvision(name: str) -> str:
    builder = import_module("torchvision.models").get_model_builder(name)
    options = "weights=None, weights_backbone=None" if "backbone" in str(builder.__annotations__) else "weights=None"
    return f"from {builder.__module__} import {name}\nmodel = {name}({options})\n"


def _timm(name: str) -> str:
    entry = import_module("timm.models").model_entrypoint(name)
    return f"from {entry.__module__} import {name}\nmodel = {name}()\n"


def _transformers(name: str) -> str:
    transformers = import_module("transformers")
    kind, options = CONFIGURATIONS[name]
    model, configuration = getattr(transformers, name), getattr(transformers, kind)
    given = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return (
        f"from {model.__module__} import {name}\nfrom {configuration.__module__} import {kind}\n"
        f"model = {name}({kind}({given}))\n"
    )


def _project(name: str) -> str:
    module, expression = PROJECTS[name]
    return f"from {module} import {', '.join(re.findall(r'[a-zA-Z_]+', expression))}\nmodel = {expression}\n"
