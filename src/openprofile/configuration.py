"""Where the settings come from: variables of the environment, and a file in TOML."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from openprofile.settings import BadSettings, Settings

PREFIX = "OPENPROFILE_"

_OTHERS = re.compile(
    PREFIX + "(CONFIG|WORKERS|CRASHES|CSDL|EXAMPLES|ODATA|PERMISSIONS|LIVE_TOKEN|LIVE_URL"
    "|(DEV|EXPLAIN|SERVE|TOKEN|IMPORT|EXPORT|BACKUP|RESTORE|COPY|TEST)_.*|(SERVICE|PORT)_.*)"
)
"""Variables that are no settings: options of the commands, what tests are told, and what
Kubernetes tells every container of a service with this name."""


class Setting(msgspec.Struct, frozen=True):
    """One setting, as the documentation shows it."""

    name: str
    default: str
    sentence: str

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return PREFIX + self.name.upper()


def documented(struct: type[msgspec.Struct] = Settings) -> Iterator[Setting]:
    """Every setting of a struct, in its order."""
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        made = field.default if field.default_factory is msgspec.NODEFAULT else None
        default = msgspec.json.encode(made).decode() if made not in (None, "") else ""
        (meta,) = (one for one in get_args(hints[field.name]) if isinstance(one, Meta))
        yield Setting(field.name, default, meta.description or "")


def load(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """The settings in the TOML ``file``, and above them those of the ``environment``.

    Lists in the environment are JSON, or words separated by spaces or commas. Raises BadSettings
    for what is unknown, of the wrong type, or out of range.
    """
    values = _read(file) if file else {}
    known = {one.variable: one.name for one in documented()}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or _OTHERS.fullmatch(variable) or not text:
            continue
        if variable not in known:
            raise BadSettings(f"There is no setting {variable}; docs/settings.md lists them.")
        values[known[variable]] = _value(known[variable], text)
    unknown = sorted(values.keys() - set(known.values()))
    if unknown:
        raise BadSettings(f"{file}: there is no setting {', '.join(unknown)}.")
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise BadSettings(f"The setting {path.rstrip('`')} does not hold: {reason}.") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{file}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: {error}.") from error


def _value(name: str, text: str) -> Any:
    """A variable's text as its setting takes it."""
    kind = type(getattr(Settings(), name))
    if kind not in (list, dict):
        return text
    if kind is dict or text.lstrip().startswith("["):
        expected = "object" if kind is dict else "list"
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise BadSettings(
                f"{PREFIX}{name.upper()} is not a JSON {expected}: {error}."
            ) from error
    return text.replace(",", " ").split()


def default_data() -> Path:
    """Where the stand-in keeps its data unless told otherwise (XDG Base Directory)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "openprofile"
