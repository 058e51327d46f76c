"""A browser without scripts: it knows the page it is on, and sends what that page's form holds."""

from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.utils.html import strip_tags


class FormReader(HTMLParser):
    """Collects what a person would send with the form that isn't the logout."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}
        self.buttons: dict[str, tuple[str, str]] = {}
        self.inputs: dict[str, dict[str, Any]] = {}
        self._is_inside = False
        self._textarea: str | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = known.get("id") != "logout-form"
            self.action = known.get("action", "") if self._is_inside else self.action
        elif self._is_inside:
            self._read(tag, known)

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "form"
        self._textarea = None if tag == "textarea" else self._textarea

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.values[self._textarea] = data.removeprefix("\n")

    def _read(self, tag: str, known: dict[str, str]) -> None:
        if tag == "input" and known.get("type") == "submit":
            self.buttons[known["value"]] = (known.get("name", ""), known["value"])
        elif tag in {"input", "textarea", "select"}:
            self.inputs[known["name"]] = known
            self.values[known["name"]] = known.get("value", "")
            self._textarea = known["name"] if tag == "textarea" else None
            self._select = known["name"]
        elif tag == "option" and "selected" in known:
            self.values[self._select] = known["value"]


@dataclass
class Browser:
    client: Client
    url: str = ""
    page: str = ""
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def open(self, url: str) -> "Browser":
        return self._arrive(self.client.get(url, follow=True), url)

    def press(self, button: str, **filled: str) -> "Browser":
        """Fill the form and press a button."""
        form = self.form
        name, value = form.buttons[button]
        pressed = {name: value} if name else {}
        self.sent.append((form.action, form.values | filled | pressed))
        return self.resend()

    def resend(self, index: int = -1) -> "Browser":
        """Send again what was sent before, as a reload, a double click or the way back would."""
        url, values = self.sent[index]
        return self._arrive(self.client.post(url, values, follow=True), url)

    @property
    def form(self) -> FormReader:
        return FormReader(self.page)

    @property
    def text(self) -> str:
        """The words of the page, with single spaces between them."""
        return " ".join(unescape(strip_tags(self.page.replace("><", "> <"))).split())

    @property
    def tools(self) -> list[str]:
        """The buttons at the top of the page."""
        parts = self.page.split('<ul class="object-tools">')
        return [strip_tags(item).strip() for item in parts[1].split("</ul>")[0].split("<li>")[1:]] if parts[1:] else []

    def _arrive(self, response: Any, url: str) -> "Browser":
        assert response.status_code == 200, (url, response)
        self.url = response.redirect_chain[-1][0] if response.redirect_chain else url
        self.page = response.content.decode()
        return self
