import re
from http import HTTPStatus

from openprofile import errors
from openprofile.errors import Fault


def faults(kind: type[Fault] = Fault) -> list[type[Fault]]:
    return [found for below in kind.__subclasses__() for found in (below, *faults(below))]


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+) +(\d+)  (\w+)", errors.__doc__ or "")
    assert [(fault.__name__, str(fault.status), fault.code) for fault in faults()] == drawn


def test_every_fault_has_an_http_status_of_failure() -> None:
    for fault in faults():
        assert HTTPStatus(fault.status) >= 400
