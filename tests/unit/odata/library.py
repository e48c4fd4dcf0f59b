"""A model that has nothing to do with profiles, to mount the query language on."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from openprofile.errors import Fault
from openprofile.model.kinds import Computed, Entity, Navigation
from openprofile.model.parts import Complex
from openprofile.model.primitives import JSON, DateTimeOffset, Enumeration, Primitive
from openprofile.odata.limits import DEFAULT, Limits
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.plan import Plan


class Genre(Enumeration):
    fiction = 0
    poetry = 1
    science = 2


class Media(Enumeration, flags=True):
    paper = 1
    audio = 2
    braille = 4


class Day(Primitive):
    edm = "Edm.Date"

    @classmethod
    def parse(cls, text: str) -> "Day":
        return cls(text)


class Span(Primitive):
    edm = "Edm.Duration"

    @classmethod
    def parse(cls, text: str) -> "Span":
        return cls(text)


class Code(Primitive):
    edm = "Edm.Guid"

    @classmethod
    def parse(cls, text: str) -> "Code":
        return cls(text)


class Town(Complex):
    name: str | None = None
    country: str | None = None


class Publisher(Complex):
    name: str | None = None
    founded: int | None = None
    seat: Town | None = None


class Chapter(Complex):
    title: str | None = None
    pages: int | None = None
    keywords: list[str] = []


class Writer(Entity):
    abstract: ClassVar[bool] = False

    name: str | None = None

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        return {"books": Navigation(Book, collection=True)}


class Book(Entity):
    abstract: ClassVar[bool] = False

    title: str | None = None
    pages: int | None = None
    price: float | None = None
    in_print: bool | None = None
    genre: Genre | None = None
    media: Media | None = None
    published: Day | None = None
    added: DateTimeOffset | None = None
    listening: Span | None = None
    code: Code | None = None
    publisher: Publisher | None = None
    chapters: list[Chapter] = []
    tags: list[str] = []
    marks: list[int] = []
    shelf: Annotated[str | None, Computed] = None

    @classmethod
    def navigation(cls) -> Mapping[str, Navigation]:
        return {
            "writer": Navigation(Writer, collection=False),
            "similar": Navigation(Book, collection=True),
        }


class Comic(Book):
    colour: bool | None = None


class Row(msgspec.Struct, frozen=True):
    id: str
    created: int
    text: str


def row(book: Book, created: int = 0) -> Row:
    return Row(book.id, created, JSON.encode(book).decode())


def plan(limits: Limits = DEFAULT, **options: str) -> Plan:
    """The plan for books of options that are given decoded: ``filter="a eq 1"``."""
    from urllib.parse import quote

    query = "&".join(f"{name.replace('_', '@')}={quote(text)}" for name, text in options.items())
    return prepare(query, Book, limits).plan


NOW = 17_000_000_000_000_000
"""2023-11-14T22:13:20Z in ticks."""


def found(books: list[Book], **options: str) -> list[str]:
    """The ids of the books that one page shows of a collection in this order."""
    rows = [row(book, index) for index, book in enumerate(books)]
    page = plan(**options).page(rows, page_size=999, now=NOW)
    return [each.id for each in page.rows]


def value(book: Book, expression: str, **options: str) -> Any:
    """What an expression is for a book, by way of ``$compute`` and JSON."""
    made = plan(compute=f"{expression} as it", select="it", **options)
    return msgspec.json.decode(made.shown(row(book).text, made.frame(NOW)))["it"]


def status(call: Callable[[], object]) -> int:
    """What a call would be answered with: 200, or the status of the fault that it raises."""
    try:
        call()
    except Fault as fault:
        refusal = fault
    else:
        return 200
    assert len(refusal.message) < 1000
    return refusal.status


DUNE = Book(
    id="1",
    title="Dune",
    pages=412,
    price=9.5,
    in_print=True,
    genre=Genre("fiction"),
    media=Media("paper,audio"),
    published=Day("1965-08-01"),
    added=DateTimeOffset("2020-07-06T23:34:12.2294868-02:00"),
    listening=Span("PT21H2M1.5S"),
    code=Code("0123ABCD-0000-4000-8000-00000000000f"),
    publisher=Publisher(name="Chilton", founded=1904, seat=Town(name="Philadelphia")),
    chapters=[
        Chapter(title="Dune", pages=190, keywords=["spice", "sand"]),
        Chapter(title="Muad'Dib", pages=122, keywords=[]),
    ],
    tags=["sand", "worms", "épopée"],
    marks=[4, 1, 3],
    shelf="S1",
)
EMPTY = Book(id="2")
