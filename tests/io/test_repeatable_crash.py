"""A service that is killed under load, and clients that send again what they had no answer to."""

import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path

import httpx2

from issuer import ForeignIssuer
from serving import Serving

PATH = "/beta/me/profile/interests"
CLIENTS, ROUNDS, BEFORE_THE_END = 8, 3, 40


def names(http: httpx2.Client) -> list[str]:
    """Of all that is there, page by page."""
    found: list[str] = []
    url: str | None = PATH + "?$select=displayName"
    while url:
        page = http.get(url).json()
        found += [item["displayName"] for item in page["value"]]
        url = page.get("@odata.nextLink")
    return found


def test_what_is_sent_again_after_a_crash_is_there_once(tmp_path: Path) -> None:
    sent = formatdate(usegmt=True)
    numbers = itertools.count()
    unanswered: list[str] = []
    answers: dict[str, bytes] = {}

    def post(http: httpx2.Client, name: str) -> bool:
        headers = {"Repeatability-Request-ID": name, "Repeatability-First-Sent": sent}
        try:
            answer = http.post(PATH, json={"displayName": name}, headers=headers)
        except httpx2.TransportError:
            return False
        assert answer.status_code == 201, answer.text
        assert answers.setdefault(name, answer.content) == answer.content
        return True

    with ForeignIssuer() as issuer:
        settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles"}
        headers = {"Authorization": f"Bearer {issuer.token(exp=4_000_000_000)}"}
        for _ in range(ROUNDS):
            enough = threading.Semaphore(0)

            def client(url: str, enough: threading.Semaphore = enough) -> None:
                with httpx2.Client(base_url=url, headers=headers, verify=False) as http:
                    while True:
                        name = str(next(numbers))
                        if not post(http, name):
                            unanswered.append(name)
                            enough.release(BEFORE_THE_END)
                            return
                        enough.release()

            service = Serving(tmp_path, **settings)
            service.__enter__()
            with ThreadPoolExecutor(CLIENTS) as pool:
                ends = [pool.submit(client, service.url) for _ in range(CLIENTS)]
                for _ in range(BEFORE_THE_END):
                    enough.acquire()
                assert service.stop(signal.SIGKILL) == -signal.SIGKILL
                for end in ends:
                    end.result()
        with (
            Serving(tmp_path, **settings) as service,
            httpx2.Client(base_url=service.url, headers=headers, verify=False) as http,
        ):
            assert unanswered
            for name in unanswered:
                assert post(http, name)
            listed = names(http)
    assert sorted(listed) == sorted(answers)
