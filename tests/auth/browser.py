"""A browser without a screen: it follows the pages' forms as their HTML has them, and keeps cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx


@dataclass
class Control:
    """A field or a button."""

    tag: str
    attributes: dict[str, str | None]


@dataclass
class Seen(HTMLParser):
    """What a page holds: its language, title, controls with their labels, links, texts."""

    html: str
    language: str = ""
    title: str = ""
    action: str = ""
    controls: list[Control] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    alert: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag == "html":
            self.language = attributes.get("lang") or ""
        if tag == "form":
            self.action = attributes.get("action") or ""
        if tag in ("input", "button"):
            self.controls.append(Control(tag, attributes))
        if tag not in ("input", "meta", "link"):
            self._open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"{tag} is closed where it is not open"

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not text or not self._open:
            return
        self.texts.append(text)
        tag, attributes = self._open[-1]
        if tag == "title":
            self.title = text
        if tag == "label":
            self.labels[attributes["for"] or ""] = text
        if tag == "a":
            self.links[text] = attributes["href"] or ""
        if attributes.get("role") == "alert":
            self.alert = text

    def fields(self) -> dict[str, str]:
        """What the form would send, but for its button."""
        return {
            str(control.attributes["name"]): control.attributes.get("value") or ""
            for control in self.controls
            if control.tag == "input"
        }

    def buttons(self) -> list[str]:
        """The values of the form's buttons."""
        return [str(control.attributes["value"]) for control in self.controls if control.tag == "button"]


class Browser:
    """Goes to pages and presses their buttons. ``away`` is the address outside to which it was sent last."""

    def __init__(self, client: httpx.AsyncClient, **headers: str) -> None:
        self.client = client
        self.headers = headers
        self.answer: httpx.Response | None = None
        self.away = ""

    @property
    def page(self) -> Seen:
        """The page it shows."""
        assert self.answer is not None
        return Seen(self.answer.text)

    async def go(self, address: str) -> "Browser":
        """Open a page of the server."""
        self.answer = await self.client.get(address, headers=self.headers)
        return await self._followed()

    async def press(self, step: str, **typed: str) -> "Browser":
        """Fill in the form and press one of its buttons."""
        assert step in self.page.buttons(), self.page.texts
        data = {**self.page.fields(), **typed, "step": step}
        return await self.post(urljoin(str(self.answer.url), self.page.action), data)  # type: ignore[union-attr]

    async def post(self, address: str, data: dict[str, str], **more: Any) -> "Browser":
        """Send a form, its origin said as a browser would."""
        base = str(self.client.base_url).rstrip("/")
        headers = {"Origin": base, **self.headers, **more}
        self.answer = await self.client.post(address, data=data, headers=headers)
        return await self._followed()

    async def _followed(self) -> "Browser":
        while self.answer is not None and self.answer.status_code in (302, 303):
            target = urljoin(str(self.answer.url), self.answer.headers["location"])
            if urlsplit(target).netloc != urlsplit(str(self.client.base_url)).netloc:
                self.away = target
                return self
            self.answer = await self.client.get(target, headers=self.headers)
        return self

    def brought_back(self) -> dict[str, str]:
        """The parameters that the app gets."""
        return dict(parse_qsl(urlsplit(self.away).query))
