"""The command ``openprofile`` in this process, with no settings but those that a test gives."""

import os

from click.testing import CliRunner, Result

from openprofile.cli import main


def openprofile(*arguments: object, stdin: bytes = b"", **environment: str) -> Result:
    """Run a command; whatever goes wrong, it ends with a status and a sentence."""
    variables: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith("OPENPROFILE_")
    }
    result = CliRunner().invoke(
        main, [str(each) for each in arguments], input=stdin, env=variables | environment
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result
