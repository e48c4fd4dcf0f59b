"""Every fenced block of every page does what the page says."""

from pathlib import Path

import pytest

from docs.examples import README, ROOT, Reader, WrongExample, needs_clients, pages


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in pages()
        if page != README and not needs_clients(page.read_text(encoding="utf-8"))
    ],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_examples_of_a_page_work(page: Path, tmp_path: Path) -> None:
    with Reader(tmp_path / "reader") as reader:
        reader.follow(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("```sh\nfalse\n```", "line 1: exit status 1"),
        ("```sh\ntrue\n```\n\n```sh\nfalse | true\n```", "line 5: exit status 1"),
        ("```console\n$ echo a\nb\n```", "'echo a' printed:\na"),
        ("```python\nassert False\n```", "AssertionError"),
        ("```python\ndef test_it():\n    assert 1 == 2\n```", "1 failed"),
        ("```sh\necho '{}'\n```\n```json\n{\"a\": 1}\n```", "what was printed before it:\n{}"),
        ("```json\n{\n```", "Expecting"),
        ("```toml\ncolour = 'red'\n```", "there is no setting colour"),
        ("```http\nGET /nowhere HTTP/1.1\n```", "answered 404"),
        ("```\nls\n```", "a block without a language"),
        ("```ruby\nls\n```", "nobody knows how to run ruby"),
        ("<!-- not run: no -->\n```sh\nls\n```", "does not say why"),
        ("<!-- run by: somebody -->\n```sh\nls\n```", "expected 'run by: scripts/test-clients'"),
        ("<!-- runs until stopped -->\n```sh\ntrue\n```", "it ended"),
    ],
)
def test_an_example_that_is_wrong_is_found(page: str, wrong: str, tmp_path: Path) -> None:
    with Reader(tmp_path / "reader") as reader, pytest.raises(WrongExample) as found:
        reader.follow(page)
    assert wrong in str(found.value)


def test_a_page_is_followed_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    page = """
```sh
mkdir deeper && cd deeper
NAME=Ada
```

```txt title="said.txt"
hello
```

<!-- runs until stopped -->
```sh
openprofile dev
```

```console
$ cat said.txt; basename "$PWD"
hello
deeper
$ curl -s http://localhost:8080/livez
…"…"…
```

```python
import os
print('{"name": "%s", "id": "46d70660-daab-5d3b-b1e2-7af77dda2222"}' % os.environ["NAME"])
```

```json
{"name": "Ada", "id": "00000000-0000-0000-0000-000000000000"}
```

```http
GET /beta/me HTTP/1.1
Authorization: Bearer …
```

```json
{"givenName": "Ada", "…": "…"}
```

<!-- not run: it needs what is not here -->
```sql
SELECT 1
```
"""
    with Reader(tmp_path / "reader") as reader:
        assert reader.follow(page) == 8
