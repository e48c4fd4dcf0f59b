"""What several commands share: an option, faults as sentences, and an end with the parent's."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from openprofile.configuration import default_data
from openprofile.identity.files import BadFile
from openprofile.options import BadOptions
from openprofile.settings import BadSettings
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


def stop_with_parent() -> None:
    """Stop this process, as SIGTERM does, at the end of its standard input: a pipe whose other end
    a parent holds, however that ends. Without it nobody would stop this.
    """
    descriptor = sys.stdin.fileno()

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(descriptor, 4096):  # not by sys.stdin, whose lock an exit waits for
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
