"""What several commands share: an option, and faults as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from openprofile.identity.files import BadFile
from openprofile.options import BadOptions
from openprofile.settings import BadSettings, default_data
from openprofile.store.base import SchemaTooNew, Unavailable

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data,
    show_default="~/.local/share/openprofile",
    help="The folder of the database and of the local authority's key.",
)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """One sentence instead of a traceback for what an operator can mend."""
    try:
        yield
    except BrokenPipeError:  # whoever read our output has had enough
        raise
    except (SchemaTooNew, Unavailable, BadFile, BadOptions, BadSettings, OSError) as error:
        # a driver may tell it in several lines
        raise click.ClickException(" ".join(str(error).split())) from error
