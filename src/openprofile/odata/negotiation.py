"""Which format and version an answer has, by what the request takes.

Follows OData JSON Format 4.01, section 3, and OData Protocol 4.01, sections 8.2 and 11.2.12.
"""

from __future__ import annotations

import re
from functools import lru_cache

from openprofile.errors import BadRequest, NotAcceptable
from openprofile.model.primitives import quoted
from openprofile.odata.media import accepted, media_type
from openprofile.odata.representation import Format, Level

_LEVELS: tuple[Level, ...] = ("none", "minimal", "full")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")


@lru_cache(maxsize=512)
def negotiate(accept: str | None, option: str | None, max_version: str | None) -> Format:
    """The format for a request's ``Accept``, ``$format`` and ``OData-MaxVersion``.

    ``$format`` counts more than ``Accept`` (Protocol 4.01, section 11.2.12). Raises NotAcceptable
    where no JSON is taken, or with parameters that this service does not know, and BadRequest
    for a version below 4.0.
    """
    version = answered_version(max_version)
    if option is not None:
        wanted = {"json": "application/json"}.get(option.strip().lower(), option)
        found = _read(wanted, version)
        if found is None:
            raise NotAcceptable(
                f"The format {quoted(option)} is not supported; expected json, or "
                "application/json with odata.metadata=none, minimal or full."
            )
        return found
    if accept is None or not accept.strip():
        return Format(version=version)
    for media in accepted(accept):
        found = _read(media, version)
        if found is not None:
            return found
    raise NotAcceptable(
        f"Nothing of what the Accept header takes, {quoted(accept)}, can be given; "
        "the answer is application/json."
    )


def negotiate_raw(accept: str | None, option: str | None, max_version: str | None) -> Format | None:
    """The format for an answer that is one raw value, a count or what ``/$value`` gives: None for
    text/plain, as which it is given wherever the client takes that.

    Raises NotAcceptable where it takes neither text nor JSON, and as ``negotiate`` does.
    """
    version = answered_version(max_version)
    wanted = option if option is not None else accept
    if wanted is None or not wanted.strip():
        return None
    for media in [wanted] if option is not None else accepted(wanted, _is_text):
        if _is_text(media):
            return None
        found = _read({"json": "application/json"}.get(media.strip().lower(), media), version)
        if found is not None:
            return found
    raise NotAcceptable(
        f"The value cannot be given as {quoted(wanted)}; expected text/plain, or application/json."
    )


def _is_text(media: str) -> bool:
    """Whether a media range takes plain text in UTF-8."""
    found = media_type(media)
    charset = found.parameters.get("charset", "utf-8").lower()
    return found.name in ("text/plain", "text/*", "*/*") and charset in ("utf-8", "us-ascii")


def answered_version(max_version: str | None) -> str:
    """The version of an answer: 4.0, as Graph answers, unless ``OData-MaxVersion`` lets it be 4.01
    (Protocol 4.01, section 8.2.7). Raises BadRequest for a version below 4.0.
    """
    if max_version is None:
        return "4.0"
    text = max_version.strip()
    if text == "4.0":
        return "4.0"
    if _VERSION.fullmatch(text) is None or not 4.0 <= float(text) < 100:
        raise BadRequest(
            f"OData-MaxVersion is {quoted(max_version)}; expected 4.0 or 4.01.",
            target="OData-MaxVersion",
        )
    return "4.0" if float(text) == 4.0 else "4.01"


def _read(media: str, version: str) -> Format | None:
    """The format that one media range asks for; None if it is not ours or has a parameter that
    is not known, which OData has a service refuse.
    """
    name, *parameters = media.split(";")
    if name.strip().lower() not in ("application/json", "application/*", "*/*"):
        return None
    level: Level = "minimal"
    ieee754 = False
    for parameter in parameters:
        key, _, value = (part.strip().lower() for part in parameter.partition("="))
        value = value.strip('"')
        match key.removeprefix("odata."):
            case "metadata" if value in _LEVELS:
                level = next(known for known in _LEVELS if known == value)
            case "ieee754compatible" if value in ("true", "false"):
                ieee754 = value == "true"
            case "streaming" | "exponentialdecimals" if value in ("true", "false"):
                pass  # an answer has no Edm.Decimal to write with an exponent
            case "charset" if value in ("utf-8", "utf8"):
                pass
            case "q" | "":
                pass
            case _:
                return None
    return Format(level, ieee754, version)
