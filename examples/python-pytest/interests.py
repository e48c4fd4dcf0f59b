"""A small app of Graph code: the interests of whoever signed in."""

import time

import httpx2

GRAPH = "https://graph.microsoft.com/beta"


class Interests:
    def __init__(self, token: str, base_url: str = GRAPH) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers)

    def names(self) -> list[str]:
        return [item["displayName"] for item in self._send("GET").json()["value"]]

    def add(self, name: str) -> None:
        self._send("POST", json={"displayName": name})

    def _send(self, method: str, **options: object) -> httpx2.Response:
        while True:
            answer = self._http.request(method, "/me/profile/interests", **options)
            if answer.status_code != 429:
                return answer.raise_for_status()
            time.sleep(int(answer.headers["Retry-After"]))
