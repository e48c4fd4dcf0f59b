"""The pages of the stand-in in a real browser: desk and phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from program import Program
from ui.browser import CHROMIUM, DESKTOP, PHONE, chromium, window
from ui.story import Caller, tell

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
PATHS = {"overview": "/", "log": "/_openprofile/log", "person": "/_openprofile/people/{ada}"}
SIZES = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("run") / "data", "--port", "0", "--memory") as program:
        tell(program)
        yield program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def opened(context: BrowserContext, program: Program, page: str) -> Page:
    """The page, of which everything was loaded and nothing complained."""
    told: list[str] = []
    found = context.new_page()
    found.on("console", lambda message: told.append(message.text))
    found.on("pageerror", lambda error: told.append(str(error)))
    found.on("requestfailed", lambda request: told.append(request.url))
    found.on("response", lambda answer: told.append(answer.url) if not answer.ok else None)
    path = PATHS[page].format(ada=program.endpoints["users"][0]["id"])
    found.goto(program.url + path)
    assert told == []
    return found


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_readable(
    browser: Browser, program: Program, path: str, size: str, script: bool
) -> None:
    with window(browser, SIZES[size], script=script) as context:
        page = opened(context, program, path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], "nothing is cut off, nobody scrolls sideways"
        levels = [
            int(name[1]) for name in page.evaluate(
                "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => each.localName)"
            )
        ]  # fmt: skip
        assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_accessible(
    browser: Browser, program: Program, path: str, size: str, dark: bool
) -> None:
    """WCAG 2.2 AA and good practice, as far as axe-core can tell: labels, contrast, landmarks."""
    from axe_playwright_python.sync_playwright import Axe

    with window(browser, SIZES[size], dark=dark) as context:
        page = opened(context, program, path)
        for details in page.locator("details").all():
            details.evaluate("each => { each.open = true }")
        found: dict[str, Any] = Axe().run(page).response
        wrong = {one["id"]: [node["html"] for node in one["nodes"]] for one in found["violations"]}
        assert wrong == {}


def test_a_button_copies(browser: Browser, program: Program) -> None:
    with window(browser, DESKTOP) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = opened(context, program, "overview")
        button = page.get_by_role("button", name="Copy: Base URL over https")
        button.click()
        expect(button).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"{program.endpoints['tls_url']}/beta"
        expect(page.get_by_label("Base URL over https", exact=True)).to_have_value(copied)


def test_without_scripts_everything_can_be_selected(browser: Browser, program: Program) -> None:
    with window(browser, PHONE, script=False) as context:
        page = opened(context, program, "overview")
        expect(page.get_by_role("button")).to_have_count(0)
        field = page.get_by_label("Ada Lindqvist")
        assert field.input_value().startswith("eyJ")
        expect(field).not_to_be_editable()


@pytest.mark.parametrize("path", ["overview", "log"])
def test_the_log_follows(browser: Browser, program: Program, path: str) -> None:
    with window(browser, DESKTOP) as context:
        page = opened(context, program, path)
        expect(page.get_by_role("status")).to_have_text("Live")
        Caller(program)("GET", f"me/profile/notes?$filter={path}")
        expect(page.locator("#log li").first).to_contain_text(f"/notes?$filter={path}")
        page.locator("#log li").first.locator("summary").click()
        Caller(program, token="nonsense")("GET", "me/profile")
        expect(page.locator("#log li").first).to_contain_text("401")
        expect(page.locator("#log details").nth(1)).to_have_attribute("open", "")


def test_the_log_can_be_paused(browser: Browser, program: Program) -> None:
    with window(browser, DESKTOP) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(program.url + PATHS["log"])
        page.get_by_role("button", name="Pause").click()
        Caller(program)("GET", "me/profile/awards")
        page.clock.run_for(10_000)
        expect(page.get_by_role("status")).to_have_text("Paused")
        expect(page.locator("#log")).not_to_contain_text("/awards")
        page.get_by_role("button", name="Go on").click()
        page.clock.run_for(10_000)
        expect(page.locator("#log li").first).to_contain_text("/awards")


def test_without_scripts_the_log_follows_too(browser: Browser, program: Program) -> None:
    with window(browser, PHONE, script=False) as context:
        page = opened(context, program, "log")
        Caller(program)("GET", "me/profile/websites")
        expect(page.locator("#log li").first).to_contain_text("/websites", timeout=30_000)
        page.get_by_role("link", name="Stop refreshing").click()
        expect(page.get_by_role("link", name="Refresh every 3 seconds")).to_be_visible()


def test_the_refused_are_found_among_all(browser: Browser, program: Program) -> None:
    with window(browser, PHONE) as context:
        page = opened(context, program, "log")
        page.get_by_role("link", name="Refused").click()
        expect(page.get_by_role("link", name="Refused")).to_have_attribute("aria-current", "page")
        expect(page.locator("#log li.allowed")).to_have_count(0)
        expect(page.locator("#log")).to_contain_text("the person is no administrator")


def test_a_person_is_reached_by_the_keyboard_alone(browser: Browser, program: Program) -> None:
    with window(browser, DESKTOP) as context:
        page = opened(context, program, "overview")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Ada Lindqvist").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Ada Lindqvist")
        page.locator("summary", has_text="Origami").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Origami as it is stored")).to_contain_text('"categories"')


def sign_in(program: Program, **more: str) -> str:
    """The sign-in page of the sample application, as it is registered."""
    told = program.endpoints
    client = told["client"]["id"]
    query = {"client_id": client, "response_type": "code", "scope": "User.Read"} | more
    query.setdefault("redirect_uri", "http://localhost:1/")
    return f"{told['tls_url']}/{told['tenant']}/oauth2/v2.0/authorize?{urlencode(query)}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page_of", ["person", "code", "notice"])
def test_the_pages_of_a_sign_in_fit_too_and_are_accessible(
    browser: Browser, program: Program, page_of: str, size: str, dark: bool
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    base = sign_in(program).partition("authorize?")[0]
    urls = {"person": sign_in(program), "code": f"{base}deviceauth?user_code=x",
            "notice": f"{base}logout"}  # fmt: skip
    with window(browser, SIZES[size], dark=dark) as context:
        page = context.new_page()
        page.goto(urls[page_of])
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        if page_of == "person":
            expect(page.get_by_role("button", name="Ada Lindqvist")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        found: dict[str, Any] = Axe().run(page).response
        assert [one["id"] for one in found["violations"]] == []


def test_a_form_posts_itself_back_to_the_client(browser: Browser, program: Program) -> None:
    with window(browser, DESKTOP) as context:
        page = context.new_page()
        page.route("http://localhost:1/**", lambda route: route.fulfill(status=200, body="Back"))
        page.goto(sign_in(program, response_mode="form_post"))
        with page.expect_request(lambda request: request.url == "http://localhost:1/") as sent:
            page.get_by_role("button", name="Ada Lindqvist").click()
        assert sent.value.method == "POST"
        assert "code=" in (sent.value.post_data or "")
