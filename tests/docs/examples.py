"""Runs the fenced blocks of a page as its reader would; CONTRIBUTING.md says how each is taken."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from openprofile.configuration import load
from openprofile.settings import BadSettings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CLIENTS = "scripts/test-clients"
"""What runs the blocks that need a client which openprofile itself does not."""

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)(?P<rest>[^\n]*)$")
_MARK = re.compile(r"^ *<!-- (?P<what>not run|run by|runs until stopped)(?:: (?P<how>.+?))? -->$")
_TITLE = re.compile(r'\btitle="([^"]+)"')
_SERVED = "http://localhost:8080", "https://localhost:8443"
"""Where pages say that the stand-in answers; it is replaced by where it does."""
_VOLATILE = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"), "<time>"),
    (re.compile(r'W/(\\?)"\w+\1"'), "<etag>"),
    (re.compile(r"(?<=skiptoken=)[\w.~%-]+"), "<skiptoken>"),
)
"""What two runs of an example do not have in common."""


class WrongExample(Exception):
    """A block does not do what the page says, or does not follow the convention."""


class Block(NamedTuple):
    """A fenced block."""

    line: int
    language: str
    title: str | None
    """The name of the file that it is."""
    text: str
    mark: str | None
    """``not run``, ``run by`` or ``runs until stopped``."""
    how: str | None
    """The reason, or the script that runs it."""


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page's text, from the first to the last."""
    lines = page.splitlines()
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        if not opening:
            at += 1
            continue
        indent = len(opening["indent"])
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "```"), len(lines))
        before = next((line for line in reversed(lines[:at]) if line.strip()), "")
        mark = _MARK.match(before)
        title = _TITLE.search(opening["rest"])
        yield Block(
            at + 1,
            opening["language"],
            title[1] if title else None,
            "\n".join(line[indent:] for line in lines[at + 1 : end]) + "\n",
            mark["what"] if mark else None,
            mark["how"] if mark else None,
        )
        at = end + 1


def pages() -> list[Path]:
    """Every page whose blocks are run."""
    docs = ROOT / "docs"
    return [*sorted(ROOT.glob("*.md")), *sorted(docs.glob("*.md")), *sorted(docs.glob("*/*.md"))]


def needs_clients(page: str) -> bool:
    return any(block.mark == "run by" for block in blocks(page))


class Reader:
    """Somebody who follows a page in a folder of their own, from its first block to its last.

    What was exported stays exported, what was started runs until they leave.
    """

    def __init__(self, folder: Path, *, clients: bool = False, bare: bool = False) -> None:
        """``folder`` is theirs: their home, with ``work``, where they begin. With ``clients`` they
        also run the blocks marked for scripts/test-clients. Who is ``bare`` begins in a fresh
        clone, ``work/openprofile``, and has nothing installed; others have openprofile.
        """
        self._folder = folder
        self._clients = clients
        self._bare = bare
        self._work = folder / "work"
        self._state = folder / "state"
        self._where = folder / "where"
        self._started: list[subprocess.Popen[str]] = []
        self._answers_at: tuple[str, ...] = ()
        self._last = ""

    def __enter__(self) -> Self:
        self._work.mkdir(parents=True)
        self._state.touch()
        begins = checkout(self._work) if self._bare else self._work
        self._where.write_text(f"{begins}\n")
        return self

    @property
    def _here(self) -> Path:
        """The folder that they are in."""
        return Path(self._where.read_text(encoding="utf-8").rstrip("\n"))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)
            assert process.stdout is not None
            process.stdout.close()

    def follow(self, page: str) -> int:
        """Run the page's blocks; how many were. Raises WrongExample for the first that is wrong."""
        run = 0
        for block in blocks(page):
            try:
                run += self._take(block)
            except (WrongExample, ValueError) as error:
                raise WrongExample(f"line {block.line}: {error}") from error
        return run

    def _take(self, block: Block) -> bool:
        """Whether there was something to do, and it was done."""
        before, self._last = self._last, ""
        if block.mark == "not run":
            if len(block.how or "") < 10:
                raise WrongExample("it is not run, and does not say why")
            return False
        if block.mark == "run by":
            if block.how != CLIENTS:
                raise WrongExample(f"expected 'run by: {CLIENTS}'")
            if not self._clients:
                return False
        if block.title:
            self._written(block.title, block.text)
            return True
        if block.language == "json":
            _check_json(block.text, before)
            return True
        take = getattr(self, f"_take_{block.language or 'nothing'}", None)
        if take is None:
            raise WrongExample(
                f"nobody knows how to run {block.language or 'a block without a language'}: "
                "mark it 'not run' with the reason, or give it a title if it is a file"
            )
        take(block)
        return block.language != "text"

    def _take_text(self, block: Block) -> None:
        """A picture in letters; there is nothing to run."""

    def _take_sh(self, block: Block) -> None:
        if block.mark == "runs until stopped":
            self._start(block.text)
        else:
            self._last = self._run(block.text)

    _take_bash = _take_sh

    def _take_console(self, block: Block) -> None:
        """``$ command`` lines, each with what it prints below it; ``…`` there is anything."""
        said = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        if said[0].strip():
            raise WrongExample("a console begins with '$ '")
        for one in said[1:]:
            lines = one.splitlines()
            count = 1
            while lines[count - 1].endswith("\\"):
                count += 1
            printed = self._run("\n".join(lines[:count]))
            expected = "\n".join(lines[count:]).strip()
            pattern = ".*?".join(re.escape(_steady(part)) for part in expected.split("…"))
            if not re.fullmatch(pattern, _steady(printed.strip()), re.DOTALL):
                raise WrongExample(f"'{lines[0]}' printed:\n{printed}")

    def _take_python(self, block: Block) -> None:
        if re.search(r"^(async )?def test_", block.text, re.MULTILINE):
            path = self._written("test_example.py", block.text)
            self._last = self._run(f"python -m pytest -q {path}")
        else:
            self._last = self._run(f"python {self._written('example.py', block.text)}")

    def _take_js(self, block: Block) -> None:
        modules = self._here / "node_modules"
        if not modules.exists():
            modules.symlink_to(ROOT / "tests" / "clients" / "node" / "node_modules")
        self._last = self._run(f"node {self._written('example.mjs', block.text)}")

    def _take_http(self, block: Block) -> None:
        """A request with its headers and body, sent with a token of the first sample person."""
        head, _, body = block.text.partition("\n\n")
        method_and_path, *headers = head.splitlines()
        method, path = method_and_path.split(" ", 1)
        request = urllib.request.Request(
            self._located(_SERVED[0]) + path.removesuffix(" HTTP/1.1"),
            body.encode() or None,
            dict(line.split(": ", 1) for line in headers),
            method=method,
        )
        if request.get_header("Authorization") == "Bearer …":
            request.add_header("Authorization", f"Bearer {self._run('openprofile token').strip()}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                self._last = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise WrongExample(f"answered {error.code}: {error.read().decode()}") from error

    def _take_toml(self, block: Block) -> None:
        """Settings of ``openprofile serve``."""
        tomllib.loads(block.text)
        path = self._folder / "settings.toml"
        path.write_text(block.text, encoding="utf-8")
        try:
            load({}, path)
        except BadSettings as error:
            raise WrongExample(str(error)) from error

    def _written(self, name: str, text: str) -> Path:
        path = self._here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._located(text), encoding="utf-8")
        return path

    def _located(self, text: str) -> str:
        """The text with the addresses that are meant; a stand-in is started for the first."""
        if any(served in text for served in _SERVED):
            if not self._answers_at:
                self._start("openprofile dev")
            for served, found in zip(_SERVED, self._answers_at, strict=False):
                text = text.replace(served, found)
        return text

    def _run(self, commands: str) -> str:
        """What ``commands`` print."""
        state, where = shlex.quote(str(self._state)), shlex.quote(str(self._where))
        script = (
            f"set -ea -o pipefail\n. {state}\n{self._located(commands)}\n"
            f"export -p > {state}; pwd > {where}"
        )
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=self._here, env=self._environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if ended.returncode:
            raise WrongExample(f"exit status {ended.returncode}\n{ended.stdout}{ended.stderr}")
        printed = ended.stdout
        for served, found in zip(_SERVED, self._answers_at, strict=False):
            printed = printed.replace(found, served)
        return printed

    def _start(self, commands: str) -> None:
        """Start a server, and wait until it has said where it answers."""
        log = (self._folder / "log").open("ab")
        with log:
            process = subprocess.Popen(
                ["bash", "-c", f"set -ea\n. {shlex.quote(str(self._state))}\n{commands}"],
                cwd=self._here, env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if " answers at " in line:
                self._answers_at = tuple(re.findall(r"https?://[\w.\[\]:]+", line))
                return
        raise WrongExample(f"it ended: {Path(log.name).read_text('utf-8')}")

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPENPROFILE_", "XDG_", "PYTEST_", "VIRTUAL_ENV"))
        }
        installed = str(Path(sys.executable).parent)
        path = [at for at in kept.get("PATH", os.defpath).split(os.pathsep) if at != installed]
        own = {"HOME": str(self._folder), "PATH": os.pathsep.join(path), "LC_ALL": "C.UTF-8"}
        if not self._bare:
            own["PATH"] = os.pathsep.join([installed, *path])
        return kept | {"OPENPROFILE_DEV_PORT": "0", "OPENPROFILE_SERVE_PORT": "0"} | own


def _check_json(text: str, printed: str) -> None:
    """What the block before it printed, or JSON by itself; a member ``…`` is any others."""
    expected = json.loads(text)
    if printed and not _alike(expected, json.loads(printed)):
        raise WrongExample(f"what was printed before it:\n{printed}")


def _steady(text: str) -> str:
    """The text without what differs between two runs."""
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return text


def _alike(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict) and isinstance(found, dict):
        if "…" not in expected and expected.keys() != found.keys():
            return False
        return all(
            name in found and _alike(value, found[name])
            for name, value in expected.items()
            if name != "…"
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_alike, expected, found))
    if isinstance(expected, str) and isinstance(found, str):
        return expected == "…" or _steady(expected) == _steady(found)
    return type(expected) is type(found) and bool(expected == found)


def checkout(folder: Path) -> Path:
    """A fresh clone of the project as it stands here, uncommitted changes included."""
    clone = folder / "openprofile"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    return clone
