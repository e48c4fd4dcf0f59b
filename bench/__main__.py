"""How fast the service is, against a constant answer by the same server on the same core.

Every figure is taken next to one of the constant answer, in turns, so that whatever else the
machine does falls on both; what is printed are medians of the rounds. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import msgspec
from bench import load, programs
from bench.bulk import fill
from bench.operations import OPERATIONS, Callers, nothing
from bench.people import TENANT, Population, person_id
from bench.stages import measure
from psycopg.conninfo import conninfo_to_dict

from issuer import ForeignIssuer
from openprofile import telemetry
from openprofile.server.stores import open_store
from openprofile.settings import Settings
from postgres import Server

CALLERS = 1000
_REQUESTS = 10_000
"""How many different requests there are of each operation."""
_STARTS = 7
_FLOOR = "constant answer"
_WRITES = frozenset({"create", "patch"})
_PARTS = ("ratios", "start", "stages", "growth")


class Subject(msgspec.Struct):
    """A program that load is put on, and files of requests for it."""

    running: programs.Running
    requests: dict[str, Path]


class Bench:
    """One run of the command."""

    def __init__(self, given: argparse.Namespace, folder: Path, issuer: ForeignIssuer) -> None:
        self._given = given
        self._folder = folder
        self._issuer = issuer
        self._log = folder / "log"
        alone = (os.cpu_count() or 1) == 1
        self._core, self._other_core = (None, None) if alone else (0, 1)

    def ratios(self) -> None:
        """Print the rate of each operation, and what part it is of the constant answer's."""
        names = [name for name in OPERATIONS if not self._given.only or name in self._given.only]
        with self._floor() as floor, self._service(self._given.people, names) as service:
            idle = service.running.resident()
            self._warm(service, names)
            floors: list[load.Outcome] = [self._put(floor, _FLOOR)]
            taken: dict[str, list[tuple[float, load.Outcome]]] = {name: [] for name in names}
            for _ in range(self._given.rounds):
                for name in names:
                    outcome = self._put(service, name)
                    floors.append(self._put(floor, _FLOOR))
                    rate = (floors[-2].rate + floors[-1].rate) / 2
                    taken[name].append((outcome.rate / rate, outcome))
            print("| operation | ratio | requests/s | p50 ms | p99 ms | processor µs |")
            print("| --- | --- | --- | --- | --- | --- |")
            print(f"| {_FLOOR} | 1 | {_medians(floors)} |")
            for name, pairs in taken.items():
                ratio = statistics.median(ratio for ratio, _ in pairs)
                print(f"| {name} | {ratio:.2f} | {_medians([found for _, found in pairs])} |")
            loaded = service.running.resident()
            print(f"\nResident memory: {idle:.0f} MB idle, {loaded:.0f} MB after the load.\n")

    def start(self) -> None:
        """Print how long programs take until they answer, started again, and their memory."""
        data = self._folder / "data"
        print("| program | ready after | resident memory then |")
        print("| --- | --- | --- |")
        with self._database(min(self._given.people, 1000)) as database:
            for name, begin in {
                "openprofile serve": lambda: self._serve(database),
                "openprofile dev": lambda: programs.dev(data, self._log, None),
                "openprofile dev --memory": lambda: programs.dev(data, self._log, None, "--memory"),
            }.items():
                took, memory = [], []
                for _ in range(_STARTS):
                    with begin() as running:
                        took.append(running.took)
                        memory.append(running.resident())
                # the first may have found nothing in the file cache, and the folder empty
                took, memory = sorted(took[1:]), sorted(memory[1:])
                print(
                    f"| `{name}` | {statistics.median(took):.2f} s "
                    f"| {statistics.median(memory):.0f} MB |"
                )
        print()

    def growth(self) -> None:
        """Print how much longer each operation takes with a thousand times the people."""
        names = [name for name in OPERATIONS if not self._given.only or name in self._given.only]
        small, large = self._given.people, self._given.grown
        with self._service(small, names) as before, self._service(large, names) as after:
            self._warm(before, names)
            self._warm(after, names)
            taken: dict[str, list[tuple[load.Outcome, load.Outcome]]] = {name: [] for name in names}
            for _ in range(self._given.rounds):
                for name in names:
                    taken[name].append((self._put(before, name), self._put(after, name)))
            print(f"| operation | p50 ms, {small:,} people | p50 ms, {large:,} people | growth |")
            print("| --- | --- | --- | --- |")
            for name, pairs in taken.items():
                few, many = (statistics.median(each) for each in zip(*_p50s(pairs), strict=True))
                growth = statistics.median(many / few for few, many in _p50s(pairs))
                print(f"| {name} | {few:.2f} | {many:.2f} | {growth:.2f} |")
            few, many = before.running.resident(), after.running.resident()
            print(f"\nResident memory: {few:.0f} MB and {many:.0f} MB.\n")

    def stages(self) -> None:
        """Print where the time of reads goes, in microseconds."""
        names = ("read by key", "list of 20", "list of 20, filtered, ordered, top 10")
        people, callers = self._callers(self._given.people)
        chance = random.Random(0)  # noqa: S311
        requests = {
            name: [OPERATIONS[name](people, callers, chance) for _ in range(200)] for name in names
        }
        with self._database(self._given.people) as database, self._log.open("a") as log:
            settings = Settings(
                issuer=self._issuer.url, audience=["profiles"], tenant=TENANT, database=database
            )
            telemetry.configure(json=True)
            with contextlib.redirect_stderr(log):
                found = asyncio.run(measure(settings, requests, rounds=self._given.rounds * 5))
        print(f"| stage, µs | {' | '.join(names)} |")
        print(f"| --- | {' | '.join('---' for _ in names)} |")
        for stage in dict.fromkeys(stage for spent in found.values() for stage in spent):
            print(
                f"| {stage} |",
                " | ".join(f"{found[name].get(stage, 0):.1f}" for name in names),
                "|",
            )
        print("| all |", " | ".join(f"{sum(found[name].values()):.1f}" for name in names), "|\n")

    def _callers(self, size: int) -> tuple[Population, Callers]:
        people = Population(size)
        tokens = [(number, self._token(number)) for number in people.callers(CALLERS)]
        return people, Callers(tokens)

    @contextlib.contextmanager
    def _floor(self) -> Iterator[Subject]:
        request = nothing(Population(0), Callers([]), random.Random(0))  # noqa: S311
        options = ["--plain"] if self._given.plain else []
        with programs.floor(self._log, self._core, *options) as running:
            yield Subject(running, {_FLOOR: self._written(_FLOOR, [request])})

    @contextlib.contextmanager
    def _service(self, size: int, operations: Sequence[str]) -> Iterator[Subject]:
        people, callers = self._callers(size)
        chance = random.Random(size)  # noqa: S311  the same requests in every run
        requests = {
            name: self._written(
                f"{name} {size}",
                [OPERATIONS[name](people, callers, chance) for _ in range(_REQUESTS)],
            )
            for name in operations
        }
        written = not _WRITES.isdisjoint(operations)
        with self._database(size, written=written) as database, self._serve(database) as running:
            _greet(running.url, callers)
            yield Subject(running, requests)

    def _serve(self, database: str) -> contextlib.AbstractContextManager[programs.Running]:
        return programs.serve(database, self._issuer.url, TENANT, self._log, self._core)

    @contextlib.contextmanager
    def _database(self, size: int, *, written: bool = True) -> Iterator[str]:
        """The URL of a database with so many people, a copy where it will be written to."""
        if self._given.store == "postgresql":
            with Server("18") as server:
                words = conninfo_to_dict(server.dsn)
                url = f"postgresql:///{words.pop('dbname', 'postgres')}?{urlencode(words)}"
                asyncio.run(_populate(url, size))
                yield url
            return
        kept = (self._given.data or self._folder) / f"{size}.sqlite3"
        if not kept.exists():
            print(f"Storing {size:,} people in {kept} …", file=sys.stderr)
            kept.parent.mkdir(parents=True, exist_ok=True)
            fill(kept, Population(size))
        if not written:
            yield f"sqlite:///{kept.absolute()}"
            return
        with tempfile.TemporaryDirectory(dir=self._given.data) as folder:
            path = Path(folder) / "people.sqlite3"
            shutil.copyfile(kept, path)
            yield f"sqlite:///{path.absolute()}"

    def _warm(self, service: Subject, names: Sequence[str]) -> None:
        """Let the service see each operation."""
        for name in names:
            self._put(service, name)

    def _put(self, subject: Subject, name: str) -> load.Outcome:
        running = subject.running
        before = running.processor()
        found = load.put(running.url, subject.requests[name], self._given.seconds, self._other_core)
        found.processor = (running.processor() - before) / found.requests * 1_000_000
        return found

    def _written(self, name: str, requests: Sequence[bytes]) -> Path:
        return load.written(requests, self._folder / f"{name} requests")

    def _token(self, number: int) -> bytes:
        scopes = "User.ReadWrite User.Read.All"
        return self._issuer.token(oid=person_id(number), scp=scopes, exp=2_000_000_000).encode()


async def _populate(database: str, size: int) -> None:
    store = await open_store(database)
    try:
        await Population(size).store(store)
    finally:
        await store.close()


def _greet(url: str, callers: Callers) -> None:
    """Show the service every token once: to verify one takes as long as to answer many."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    for _, token in callers.tokens:
        connection.request("GET", "/beta/me", headers={"Authorization": f"Bearer {token.decode()}"})
        answer = connection.getresponse()
        assert answer.read()
        assert answer.status == 200
    connection.close()


def _medians(outcomes: Sequence[load.Outcome]) -> str:
    rate = statistics.median(found.rate for found in outcomes)
    p50 = statistics.median(found.p50 for found in outcomes)
    p99 = statistics.median(found.p99 for found in outcomes)
    processor = statistics.median(found.processor for found in outcomes)
    return f"{rate:,.0f} | {p50:.2f} | {p99:.2f} | {processor:.0f}"


def _p50s(pairs: Sequence[tuple[load.Outcome, load.Outcome]]) -> list[tuple[float, float]]:
    return [(before.p50, after.p50) for before, after in pairs]


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}")
    parser.add_argument("--only", action="append", metavar="OPERATION", choices=OPERATIONS)
    parser.add_argument("--seconds", type=float, default=2, help="of each load (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--people", type=int, default=1000, help="default: 1000")
    parser.add_argument("--grown", type=int, default=1_000_000, help="default: 1000000")
    parser.add_argument("--data", type=Path, help="where databases are kept for the next run")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument(
        "--plain", action="store_true", help="the constant answer under uvicorn's own protocol"
    )
    given = parser.parse_args()
    load.require()
    unknown = set(given.parts) - set(_PARTS)
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(_PARTS)}")
    with tempfile.TemporaryDirectory() as folder, ForeignIssuer() as issuer:
        bench = Bench(given, Path(folder), issuer)
        for part in given.parts or _PARTS:
            getattr(bench, part)()


if __name__ == "__main__":
    main()
