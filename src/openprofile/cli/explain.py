"""``openprofile explain``: why a request is allowed or refused."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import click
import msgspec
from click.core import ParameterSource

from openprofile import telemetry
from openprofile.cli.common import data_option, explained
from openprofile.clock import new_id
from openprofile.configuration import load
from openprofile.hosts import in_url
from openprofile.http.exchange import Request
from openprofile.http.explain import PATH, Explanation, Question
from openprofile.model.directory import VERSIONS
from openprofile.server.explaining import explaining
from openprofile.server.stand_in import stand_in
from openprofile.server.stores import database
from openprofile.settings import Limits, Settings


@click.command()
@click.argument("method")
@click.argument("path")
@click.option("--token", required=True, help="The bearer token that the request would carry.")
@click.option("--body", default="", help="The JSON that the request would carry.")
@click.option(
    "--header", "headers", multiple=True, help="A header, 'Name: value'; may be repeated."
)
@click.option("--url", help="Ask the stand-in that answers there, not the folder of --data.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="OPENPROFILE_CONFIG",
    help="Ask what 'openprofile serve' would answer with these settings and those of the "
    "environment, which are enough where they name an issuer.",
)
@data_option
@click.pass_context
def explain(
    context: click.Context,
    method: str,
    path: str,
    token: str,
    body: str,
    headers: tuple[str, ...],
    url: str | None,
    config: Path | None,
    data: Path,
) -> None:
    """Say whether METHOD PATH would be allowed, and which rule decides. Nothing is written.

    PATH begins at the version (/beta/me/profile/interests) or below /beta (me/profile/interests).
    A batch is explained request by request.
    """
    question = Question(method, _path(path), dict(_header(one) for one in headers), body)
    named = context.get_parameter_source("data") != ParameterSource.DEFAULT
    with explained():
        if url is not None:
            found = _ask(url, question, token)
        elif not named and (config is not None or os.environ.get("OPENPROFILE_ISSUER")):
            found = asyncio.run(_explain_service(load(os.environ, config), question, token))
        else:
            found = asyncio.run(_explain(data, question, token))
    click.echo("\n".join(_lines(question, found)))


def _path(path: str) -> str:
    """What the user wrote, as a request has it: a URL's path and query, percent-encoded."""
    url = urlsplit(path)
    path = url.path
    if not path.startswith("/"):
        path = f"/{path}" if path.partition("/")[0] in VERSIONS else f"/beta/{path}"
    query = f"?{url.query}" if url.query else ""
    return quote(path + query, safe="/?%:@!$&'()*+,;=~")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header {text!r} has no colon; expected 'Name: value'.")
    return name.strip(), value.strip()


async def _explain(data: Path, question: Question, token: str) -> Explanation:
    """The explanation of a stand-in with its data in the folder ``data``."""
    kept = database(data).exists()
    with TemporaryDirectory() as nowhere:  # in which no token was ever signed
        folder = data if (data / "authority").exists() else Path(nowhere)
        async with stand_in(folder, memory=not kept) as parts:
            asked = _asked(token, parts.authority.url(), Limits().body)
            return await parts.explainer.explain(question, asked)


async def _explain_service(settings: Settings, question: Question, token: str) -> Explanation:
    """The explanation of the service that has these settings."""
    telemetry.configure(json=False, level="warning")
    scheme = "https" if settings.tls_certificate else "http"
    url = settings.public_url or f"{scheme}://{in_url(settings.host)}:{settings.port}"
    async with explaining(settings, url) as explainer:
        return await explainer.explain(question, _asked(token, url, settings.body_limit))


def _asked(token: str, origin: str, body_limit: int) -> Request:
    """What carries a question to an Explainer."""
    return Request(
        method="POST",
        path=PATH,
        query="",
        headers={"authorization": f"Bearer {token}"},
        body=b"",
        origin=origin,
        id=new_id(),
        body_limit=body_limit,
    )


def _ask(url: str, question: Question, token: str) -> Explanation:
    """The explanation of the stand-in at ``url``."""
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--url {url!r} is not an http or https URL.")
    request = urllib.request.Request(  # noqa: S310  the scheme has been checked
        url.rstrip("/") + PATH,
        msgspec.json.encode(question),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read(), type=Explanation)
    except (OSError, msgspec.DecodeError) as error:
        raise click.ClickException(f"No stand-in explains at {url}: {error}") from error


def _lines(question: Question, found: Explanation) -> Iterator[str]:
    caller = found.caller
    yield f"request     {question.method.upper()} {question.path}"
    if caller is None:
        yield "caller      nobody: the token does not hold, or none was asked for"
    else:
        application = caller.application_name or caller.application or "an application"
        person = f"{found.caller_name} through " if caller.person else ""
        role = ", an administrator" if caller.is_administrator else ""
        yield f"caller      {person}{application}{role}, of the tenant {caller.tenant}"
        yield f"token       {', '.join(sorted(caller.permissions)) or 'no permissions'}"
    if found.owner:
        yield f"owner       {found.owner}"
    for decision in found.decisions:
        no = "refused" if decision.item is None else "hidden"
        item = f"{decision.item}: " if decision.item else ""
        outcome = "allowed" if decision.allowed else no
        yield f"{decision.rule:<12}{outcome}: {item}{decision.reason}"
    yield f"outcome     {'allowed' if found.status < 400 else 'refused'}: {found.status}"
    if found.code:
        yield f"            {found.code}: {found.message}"
