"""Which addresses shoppers may have customers sent to: the rule as a table."""

import re
from typing import Any

import pytest

from medusa_payments.core.policy.urls import AllowedUrls, is_allowed, is_origin, urls_in

SHOP = AllowedUrls(origins=("https://shop.example",))


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/",
        "https://shop.example/thanks?order=1#top",
        "https://shop.example?order=1",
        "https://shop.example#top",
        "HTTPS://Shop.Example/thanks",
        "https://shop.example:443/thanks",
        "https://shop.example/danke-schön",
        "https://shop.example/a@b?next=//evil.example",
    ],
)
def test_the_shops_own_addresses(url: str) -> None:
    assert is_allowed(url, SHOP)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://evil.example/shop.example",
        "https://evilshop.example/",
        "https://www.shop.example/",
        "https://shop.example@evil.example/",
        "https://shop.example:pw@evil.example/",
        "https://user@shop.example/",
        "https://shop.example:8443/",
        "https://shop.example:99999/",
        "https://shop.example:/",
        "https://shop.example./",
        "https://.shop.example/",
        "https://shop.example\\@evil.example/",
        "https:\\\\shop.example/",
        "https://evil.example\\.shop.example/",
        "https://shop.example\t/",
        "https://shop.\nexample/",
        " https://shop.example/",
        "https://shop.example/ thanks",
        "https://shop.example/\x00",
        "https://shop.example/\u202egnp",
        "https://shop.example/\u00a0",
        "https://shop.example%2eevil.example/",
        "https://shop\u3002example/",
        "https://\u017fhop.example/",
        "https://sh\u00f6p.example/",
        "https:/shop.example/",
        "https:shop.example/",
        "https:///shop.example/",
        "//shop.example/",
        "//evil.example/",
        "/thanks",
        "thanks",
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://shop.example/%0aalert(1)",
        "java\tscript:alert(1)",
        "data:text/html,hello",
        "data://shop.example/",
        "vbscript://shop.example/",
        "file:///etc/passwd",
        "ftp://shop.example/",
        "blob:https://shop.example/1",
        "myapp://done",
        None,
        7,
        ["https://shop.example"],
        {"url": "https://shop.example"},
    ],
)
def test_everything_else(url: Any) -> None:
    assert not is_allowed(url, SHOP)


@pytest.mark.parametrize(
    ("allowed", "url", "is_fine"),
    [
        (AllowedUrls(), "https://shop.example/", False),
        (AllowedUrls(origins=("*",)), "https://anywhere.example:8443/", True),
        (AllowedUrls(origins=("*",)), "http://anywhere.example/", True),
        (AllowedUrls(origins=("*",)), "https://user@anywhere.example/", False),
        (AllowedUrls(origins=("*",)), "javascript:alert(1)", False),
        (AllowedUrls(origins=("*",)), "myapp://done", False),
        (AllowedUrls(origins=("https://*.shop.example",)), "https://eu.shop.example/", True),
        (AllowedUrls(origins=("https://*.shop.example",)), "https://a.eu.shop.example/", True),
        (AllowedUrls(origins=("https://*.shop.example",)), "https://shop.example/", False),
        (AllowedUrls(origins=("https://*.shop.example",)), "https://evilshop.example/", False),
        (AllowedUrls(origins=("https://*.shop.example",)), "http://eu.shop.example/", False),
        (AllowedUrls(origins=("https://shop.example:8443",)), "https://shop.example:8443/", True),
        (AllowedUrls(origins=("https://shop.example:8443",)), "https://shop.example/", False),
        (AllowedUrls(origins=("https://SHOP.example",)), "https://shop.example/", True),
        (AllowedUrls(origins=("http://[::1]:3000",)), "http://[::1]:3000/", True),
        (AllowedUrls(origins=("http://localhost:*",)), "http://localhost:3000/", True),
        (AllowedUrls(origins=("http://localhost:*",)), "http://localhost/", True),
        (AllowedUrls(origins=("http://localhost:*",)), "https://localhost:3000/", False),
        (AllowedUrls(origins=("http://localhost:*",)), "http://localhost.evil.example:3000/", False),
        (AllowedUrls(origins=("myapp://",)), "myapp://done?order=1", True),
        (AllowedUrls(origins=("myapp://",)), "MyApp://done", True),
        (AllowedUrls(origins=("myapp://",)), "myapp:done", False),
        (AllowedUrls(origins=("myapp://",)), "myapp2://done", False),
        (AllowedUrls(origins=("myapp://",)), "myapp://done\\", False),
        (AllowedUrls(origins=("javascript://", "data://")), "javascript://%0aalert(1)", False),
        # Hosts as Django knows them have no scheme and no port.
        (AllowedUrls(hosts=("shop.example",)), "https://shop.example/", True),
        (AllowedUrls(hosts=("shop.example",)), "http://shop.example:8000/", True),
        (AllowedUrls(hosts=("shop.example",)), "https://www.shop.example/", False),
        (AllowedUrls(hosts=(".shop.example",)), "https://www.shop.example/", True),
        (AllowedUrls(hosts=(".shop.example",)), "https://shop.example/", True),
        (AllowedUrls(hosts=(".shop.example",)), "https://evilshop.example/", False),
        (AllowedUrls(hosts=("[::1]",)), "http://[::1]:8000/", True),
        (AllowedUrls(hosts=("127.0.0.1",)), "http://127.0.0.1:8000/", True),
        (AllowedUrls(hosts=("*",)), "https://evil.example/", False),
        # A pattern has to fit the whole origin, whether it ends in $ or not.
        (AllowedUrls(patterns=(r"^https://\w+\.shop\.example$",)), "https://eu.shop.example/", True),
        (AllowedUrls(patterns=(r"^https://\w+\.shop\.example",)), "https://eu.shop.example/", True),
        (AllowedUrls(patterns=(r"^https://\w+\.shop\.example",)), "https://eu.shop.example.evil.example/", False),
        (AllowedUrls(patterns=(re.compile(r"http://localhost(:\d+)?"),)), "http://localhost:3000/x", True),
    ],
)
def test_what_the_settings_allow(allowed: AllowedUrls, url: str, is_fine: bool) -> None:
    assert is_allowed(url, allowed) is is_fine


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        ("*", True),
        ("https://shop.example", True),
        ("https://*.shop.example", True),
        ("http://localhost:3000", True),
        ("http://[::1]:3000", True),
        ("http://localhost:*", True),
        ("http://localhost:*0", False),
        ("myapp://", True),
        ("https://shop.example/", False),
        ("https://shop.example/thanks", False),
        ("shop.example", False),
        ("https://", False),
        ("myapp", False),
        ("myapp://done", False),
        ("javascript://", False),
        ("DATA://", False),
        ("file://", False),
        ("", False),
        (None, False),
    ],
)
def test_what_can_stand_in_the_setting(value: Any, is_fine: bool) -> None:
    assert is_origin(value) is is_fine


def test_urls_are_found_however_deep() -> None:
    data = {
        "return_url": "a",
        "description": "return_url",
        "payment_method_options": {"us_bank_account": {"financial_connections": {"return_url": "b"}}},
        "steps": [{"cancel_url": ["c", None]}, {"return_url": None}],
    }

    assert list(urls_in(data, frozenset({"return_url", "cancel_url"}))) == [
        ("return_url", "a"),
        ("return_url", "b"),
        ("cancel_url", "c"),
    ]
