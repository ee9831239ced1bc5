"""The page in a real Chromium, over the real core on loopback; the detector says what is fixed.

``--update-screenshot=PHOTO`` takes ``docs/images/verify-page.png`` anew, of a copy of that photo, with the shipped
detector's own word on it.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.fakes import FixedDetector
from tests.installations import Installation, installed, served
from tests.pictures import jpeg, picture

pytestmark = [pytest.mark.debian, pytest.mark.slow]

CHROMIUM = shutil.which("chromium")
SCREENSHOT = Path(__file__).parents[2] / "docs" / "images" / "verify-page.png"
SCREENSHOT_MAX_BYTES = 300_000
ANSWER_MS = 60_000

_TELL_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
_DROP = """
([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type }));
  document.getElementById("drop").dispatchEvent(
    new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
}
"""


class Scales:
    """Weighs what arrives at the server: the size of every body posted, by path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.posted: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def weigh() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message

        await self._app(scope, weigh, send)
        if scope.get("method") == "POST":
            self.posted.append((scope["path"], size))


@dataclass
class Visit:
    """One page with all that it asked for and complained about."""

    page: Page
    scales: Scales
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def sitter(request: pytest.FixtureRequest) -> Path | None:
    """The photo to take the screenshot of, if one is to be taken."""
    given = request.config.getoption("--update-screenshot", default=None)
    return Path(given) if given else None


@pytest.fixture(scope="module")
def photo(sitter: Path | None) -> bytes:
    return sitter.read_bytes() if sitter else jpeg(picture(21))


@pytest.fixture(scope="module")
def copy(photo: bytes) -> bytes:
    """A copy at half its size, in JPEG at quality 60."""
    with Image.open(io.BytesIO(photo)) as original:
        half = original.convert("RGB").resize((original.width // 2, original.height // 2))
    out = io.BytesIO()
    half.save(out, "JPEG", quality=60)
    return out.getvalue()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, sitter: Path | None) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("home"), None if sitter else FixedDetector()) as installation:
        yield installation


@pytest.fixture(scope="module")
def scales(installation: Installation) -> Scales:
    return Scales(installation.app)


@pytest.fixture(scope="module")
def address(installation: Installation, scales: Scales, photo: bytes) -> Iterator[str]:
    """A server whose registry holds the photo, by the model's word or else by a person's."""
    with served(scales) as address, httpx.Client(base_url=address, timeout=90.0, trust_env=False) as client:
        headers = {**installation.operator, "Prefer": "wait=60"}
        job = client.post("/v1/media", files={"file": ("photo.jpg", photo)}, headers=headers).json()
        if job["outcome"] == "INCONCLUSIVE":
            decision = {"decision": "approve", "reason": "for the test"}
            client.post(f"/v1/reviews/{job['job_id']}", json=decision, headers=installation.operator)
            installation.app.state.runner.wait(job["job_id"], timeout_s=60)
        found = client.get(f"/v1/records/{job['digest']}").status_code
        assert found == 200, f"the gate did not let the photo in: {job['outcome']} {job['reasons']}"
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:  # asked for by its mark, a suite that cannot run has failed
        pytest.fail("expected Debian's chromium on PATH, found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def visited(context: BrowserContext, address: str, scales: Scales) -> Visit:
    page = context.new_page()
    visit = Visit(page, scales)
    page.on("request", lambda request: visit.requests.append(request))  # noqa: PLW0108  # playwright marks handlers
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
    page.add_init_script(_TELL_VIOLATIONS)
    page.goto(address)
    return visit


@pytest.fixture
def visit(browser: Browser, address: str, scales: Scales) -> Iterator[Visit]:
    """A visit that must end without a complaint, a violation or a request off loopback."""
    context = browser.new_context(viewport={"width": 1080, "height": 900}, reduced_motion="reduce")
    visit = visited(context, address, scales)
    scales.posted.clear()
    yield visit
    assert visit.page.evaluate("window.violations") == []
    assert visit.complaints == []
    hosts = {urlsplit(request.url).hostname for request in visit.requests if not request.url.startswith("blob:")}
    assert hosts == {"127.0.0.1"}
    context.close()


def given(data: bytes, name: str = "received.jpg") -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def take_screenshot(page: Page) -> None:
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.activeElement.blur()")
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as picture:
        picture.convert("RGB").quantize(256).save(SCREENSHOT, optimize=True)


def heading(page: Page) -> str:
    expect(page.locator("#result")).to_be_visible(timeout=ANSWER_MS)
    return page.locator("#result").inner_text()


def test_recorded_bytes_are_found_without_sending_them(visit: Visit, photo: bytes) -> None:
    visit.page.set_input_files("#file", given(photo))
    assert heading(visit.page) == "These exact bytes are on record"
    assert [path for path, _ in visit.scales.posted] == ["/answer"]
    assert 64 < visit.scales.posted[0][1] < 1_000, "more than the digest was sent"
    assert visit.page.evaluate("document.activeElement.id") == "result", "focus goes to the answer"
    expect(visit.page.get_by_role("status")).to_have_text("The answer is below.")


def test_a_dropped_copy_is_sent_on_the_second_click_only(visit: Visit, copy: bytes, sitter: Path | None) -> None:
    page = visit.page
    page.evaluate(_DROP, ["received.jpg", "image/jpeg", base64.b64encode(copy).decode()])
    assert heading(page) == "No record of these exact bytes"
    assert 64 < visit.scales.posted[0][1] < 1_000, "more than the digest was sent"
    page.get_by_role("button", name="Upload to compare and screen").click()
    expect(page.get_by_text("Not these bytes, but something very close is on record")).to_be_visible(timeout=ANSWER_MS)
    assert visit.scales.posted[1][1] > len(copy)
    for title in ("Registry", "Detector", "Credentials"):
        expect(page.locator(".kicker", has_text=title)).to_be_visible()
    expect(page.get_by_role("heading", name="What this does not show")).to_be_visible()
    if sitter:
        take_screenshot(page)
        assert SCREENSHOT.stat().st_size < SCREENSHOT_MAX_BYTES


def test_a_file_that_is_no_media_is_told_in_words(visit: Visit) -> None:
    visit.page.set_input_files("#file", given(b"a letter", "letter.jpg"))
    assert heading(visit.page) == "No record of these exact bytes"
    visit.page.get_by_role("button", name="Upload to compare and screen").click()
    expect(visit.page.get_by_text("Not a supported kind of media")).to_be_visible(timeout=ANSWER_MS)
    visit.complaints.clear()  # Chromium reports the 415 of the answer as an error of the console


def test_the_keyboard_alone_reaches_the_file_and_the_upload(visit: Visit, copy: bytes) -> None:
    page = visit.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.set_input_files("#file", given(copy))
    heading(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "upload", "the upload is next after the answer's heading"
    page.keyboard.press("Enter")
    expect(page.get_by_text("something very close is on record")).to_be_visible(timeout=ANSWER_MS)


def test_the_page_fits_a_phone(visit: Visit, photo: bytes) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.page.set_input_files("#file", given(photo))
    heading(visit.page)
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, "the page scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_answers_without_a_script(browser: Browser, address: str, photo: bytes, scheme: str) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    page.set_input_files("#file", given(photo))
    page.get_by_role("button", name="Upload this file and check it").click()
    assert heading(page) == "These exact bytes are on record"
    page.get_by_text("Identifiers, to look up elsewhere").click()
    expect(page.get_by_text("received.jpg")).to_be_visible()
    context.close()
