"""Whatever is typed into an address, a header or a form: Django's logs and its mails don't quote a card."""

import logging
import re
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from hypothesis import given, settings
from hypothesis import strategies as st

from medusa_payments.exceptions import PaymentsError
from medusa_payments.redaction import SensitiveDataFilter
from storefront_project import urls as demo
from tests.unit.test_sensitive_data import harmless

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

NUMBER = "4242424242424242"
SECRET = "sk_live_51Canary"
PEM = "-----BEGIN PRIVATE KEY-----MIIEvAIBADANBgkqhkiG9w0B/AQEFAASCBKYw"
VENDORS = [f"shpat_{'0a1b2c3d' * 4}", PEM]
TOKENS = [
    "A21AAFEpH4PsADK7qSS7pSRsgzfENtu-Q1ysgEDVDESseMHBYXVJYE8ovjj68elIDy8nF26AwPhfXTIeWAZHSLIsQkSYz9ifg",
    "live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ",
]
"""Of PayPal, of Mollie, and one that signs itself."""
TYPED = [NUMBER, "4242 4242 4242 4242", "378282246310005", SECRET]


def fail(request: HttpRequest, about: str) -> HttpResponse:
    kinds = {"suspicious": SuspiciousOperation, "bad": BadRequest, "anything else": ValueError}
    raise kinds[about](f"no {NUMBER}") if about in kinds else ValueError


urlpatterns = [path("", include(demo)), path("fails/<about>", fail)]


def everything_in(caplog: pytest.LogCaptureFixture) -> str:
    """What is logged, and what a handler finds on the records."""
    return "\n".join([caplog.text, *(repr(vars(record)) for record in caplog.records)])


@pytest.fixture
def browser() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.mark.parametrize(
    "address",
    [
        "/admin/payments/{}",
        "/admin/payments/{}/capture",
        "/admin/payments/{}/no/such/page",
        "/admin/payments?limit={}",
        "/store/payment-collections/{}/payment-sessions",
        "/hooks/payment/{}",
        "/store/carts/{}",
        "/{}",
        "/django-admin/{}/",
        "/django-admin/medusa_payments/payment/{}/change/",
        "/django-admin/medusa_payments/payment/?no_such_filter={}",
        "/django-admin/medusa_payments/payment/?q={}",
    ],
)
def test_no_address_is_logged_with_one(browser: Client, caplog: pytest.LogCaptureFixture, address: str) -> None:
    caplog.set_level(logging.DEBUG)
    for typed in TYPED:
        answers = [browser.get(address.format(typed)), browser.post(address.format(typed), {"email": typed})]

        assert all(answer.status_code < 500 for answer in answers)
        assert typed not in everything_in(caplog)


@pytest.mark.parametrize(
    "address",
    ["/admin/payments/{}", "/store/payment-collections/{}/payment-sessions", "/hooks/payment/{}", "/{}", "/reset/{}/"],
)
def test_nor_with_a_token_of_another_vendor(browser: Client, caplog: pytest.LogCaptureFixture, address: str) -> None:
    caplog.set_level(logging.DEBUG)
    for typed in [*VENDORS, *TOKENS]:
        answers = [browser.get(address.format(typed)), browser.delete(address.format(typed))]

        assert all(400 <= answer.status_code < 500 for answer in answers)
        assert not any(part in everything_in(caplog) for part in re.split(r"[/.]", typed) if len(part) > 8)
    assert "***" in caplog.text


KNOWN = [
    "/admin/payments/pay_col_01M8RSJ378RX6KW1TDA220YSAR",
    "/admin/refund-reasons/6f1f0b6e-0c39-4a5e-9f05-2a0f4a5d6c7b",
    "/orders/ORDER-6F1F0B6E-0C39-4A5E-9F05-2A0F4A5D6C7B/Invoice-2026-12.pdf",
    "/orders/6f1f0b6e0c394a5e9f052a0f4a5d6c7b6f1f0b6e",
    "/blog/how-we-moved-100000-payments-to-another-provider-in-2026",
    "/media/Annual_Report-of-the-Company-for-2026_Final_Version_2.pdf",
    "/static/admin/js/vendor/jquery/jquery.5d41402abc4b2a76b9719d911017c592.min.js",
    "/payments/pi_3OtuHbKhLLiSkkMQ0XIfWbEO",
    "/docs/medusa_payments.testing.conformance.checks.declarations.TestDeclarations",
]


def test_what_names_a_thing_is_logged_as_it_is(browser: Client, caplog: pytest.LogCaptureFixture) -> None:
    for address in KNOWN:
        assert browser.get(address).status_code == 404
        assert f"Not Found: {address}" in caplog.text
        assert caplog.records[-1].request is not None  # type: ignore[attr-defined]


@settings(max_examples=20)
@given(st.integers(min_value=0, max_value=2**64))
def test_no_id_or_number_that_shops_use_is_taken_for_a_token(seed: int) -> None:
    texts = [text for text in harmless(Random(seed)) if not BASE64.fullmatch(text)]  # noqa: S311
    for text in texts:
        record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (f"/{text}/",), "status_code": 404})
        SensitiveDataFilter().filter(record)
        assert record.getMessage() == f"Not Found: /{text}/"


BASE64 = re.compile(r"[\w+/-]{43}=")
"""What nobody can tell from a token."""


@pytest.mark.parametrize("status", [200, 404])
def test_what_went_well_is_logged_as_it_was_asked_for(status: int) -> None:
    line = f"GET /reset/{TOKENS[0]}/ HTTP/1.1"
    record = logging.makeLogRecord({"msg": '"%s" %s %s', "args": (line, str(status), 179), "status_code": status})
    SensitiveDataFilter().filter(record)
    assert (TOKENS[0] in record.getMessage()) is (status == 200)


@pytest.mark.parametrize("header", ["Host", "Referer", "Idempotency-Key", "X-Publishable-Api-Key", "Authorization"])
@pytest.mark.parametrize(
    "address",
    ["/admin/payments/none/refund", "/store/payment-collections", "/auth/user/emailpass", "/django-admin/login/"],
)
def test_nor_a_header(browser: Client, caplog: pytest.LogCaptureFixture, header: str, address: str) -> None:
    browser.handler.enforce_csrf_checks = True
    for typed in TYPED:
        headers = {"Referer": "https://testserver/", header: typed}
        answer = browser.post(address, {"email": typed, "password": typed}, headers=headers, secure=True)

        assert 400 <= answer.status_code < 500
        assert typed not in everything_in(caplog)
        assert typed not in answer.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("about", ["suspicious", "bad", "anything else"])
def test_nor_an_exception_that_quotes_one(browser: Client, caplog: pytest.LogCaptureFixture, about: str) -> None:
    browser.get(f"/fails/{about}")

    assert f"{__file__}" in caplog.text, "where it happened is told all the same"
    assert NUMBER not in everything_in(caplog)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "form", "headers"),
    [
        (f"/fails/{NUMBER}", {}, {}),
        (f"/fails/here?card={NUMBER}", {}, {}),
        ("/fails/here?cvc=9713", {}, {}),
        ("/fails/here", {"note": NUMBER}, {}),
        ("/fails/here", {"cvc": "9713"}, {}),
        ("/fails/here", {}, {"User-Agent": NUMBER}),
        ("/fails/here", {}, {"Referer": "https://shop.example/pay?card%5Bcvc%5D=9713"}),
        ("/fails/anything else", {}, {}),
    ],
)
def test_what_is_mailed_to_the_admins_shows_none(
    settings: Any, mailoutbox: list[Any], browser: Client, address: str, form: Any, headers: Any
) -> None:
    settings.ADMINS = [("Jane", "jane@shop.example")]

    assert browser.post(address, form, headers=headers).status_code == 500

    [mail] = mailoutbox
    assert "/fails/" in mail.subject
    assert NUMBER not in mail.subject + mail.body
    assert "9713" not in mail.subject + mail.body


@pytest.mark.urls(__name__)
def test_a_mail_about_anything_else_tells_all_of_it(settings: Any, mailoutbox: list[Any], browser: Client) -> None:
    settings.ADMINS = [("Jane", "jane@shop.example")]

    browser.post("/fails/here?order=1234567812345670", {"order": "order 1732481234567"})

    assert "1234567812345670" in mailoutbox[0].body
    assert "1732481234567" in mailoutbox[0].body
    assert "Traceback" in mailoutbox[0].body


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"GET /admin/payments/{NUMBER} HTTP/1.1", "GET /admin/payments/*** HTTP/1.1"),
        ("GET /admin/payments/4242%204242%204242%204242 HTTP/1.1", "***"),
        ("GET /admin/payments?card=4242+4242+4242+4242 HTTP/1.1", "***"),
        ("GET /store/carts?cvc=123&card%5Bcvc%5D=123 HTTP/1.1", "GET /store/carts?cvc=***&card%5Bcvc%5D=*** HTTP/1.1"),
        ("GET /orders/1234567812345670?a=b%20c HTTP/1.1", "GET /orders/1234567812345670?a=b%20c HTTP/1.1"),
    ],
)
def test_the_line_of_an_access_log(line: str, shown: str) -> None:
    record = logging.makeLogRecord({"msg": '"%s" %s %s', "args": (line, "404", 179)})

    assert SensitiveDataFilter().filter(record)

    assert record.getMessage() == f'"{shown}" 404 179'


def test_every_kind_of_message_and_arguments_passes() -> None:
    error = PaymentsError(f"no {NUMBER}")
    for message, arguments, shown in (
        (f"no {NUMBER}", (), "no ***"),
        ("%(path)s: %(status)d", ({"path": f"/{NUMBER}", "status": 404},), "/***: 404"),
        ("%s", (error,), "no ***"),
        (error, (), "no ***"),
        ("%d", (4,), "4"),
    ):
        record = logging.LogRecord("django.request", logging.WARNING, "", 1, message, arguments, None)
        assert SensitiveDataFilter().filter(record)
        assert record.getMessage() == shown


@pytest.mark.parametrize(
    ("form", "is_shown"), [({"raw": b"x"}, True), (["a"], True), ({"note": NUMBER}, False), ([SECRET], False)]
)
def test_whatever_a_parser_puts_in_the_place_of_a_form(form: Any, is_shown: bool) -> None:
    request = RequestFactory().post("/")
    request.POST = form
    record = logging.makeLogRecord({"msg": "Failed", "levelno": logging.ERROR, "request": request})

    assert SensitiveDataFilter().filter(record)

    assert (vars(record)["request"] is request) is is_shown
