"""Refund reasons and keys: the rows that staff may write, through their services."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse

from medusa_payments.admin.pages.refund_reason import RefundReasonForm
from medusa_payments.models import Event, Operation, PublishableKey, RefundReason, SecretKey
from medusa_payments.services import captures, publishable_keys, refund_reasons, secret_keys
from medusa_payments.services.secret_keys import IssuedSecretKey
from medusa_payments.testing import factories
from medusa_payments.testing.factories import UserFactory
from tests.admin.conftest import LogIn, html, list_url, page_url

pytestmark = pytest.mark.any_engine

ADD_KEY = "admin:medusa_payments_publishablekey_add"
ADD_REASON = "admin:medusa_payments_refundreason_add"


class TestRefundReasons:
    FORM = {"label": "Damaged", "code": "damaged", "description": ""}

    def test_refund_reason_is_added_through_the_form(self, log_in: LogIn) -> None:
        client = log_in("add_refundreason", "view_refundreason")

        response = client.post(reverse(ADD_REASON), self.FORM)

        reason = RefundReason.objects.get()
        assert response["Location"] == list_url(RefundReason)
        assert (reason.label, reason.code, reason.live_code, reason.description) == (
            "Damaged",
            "damaged",
            "damaged",
            None,
        )
        assert LogEntry.objects.get().object_id == reason.pk
        assert "Damaged" in html(client, page_url(reason))

    def test_refund_reason_code_is_unique(self, log_in: LogIn) -> None:
        refund_reasons.create(label="Other", code="damaged")

        response = log_in("add_refundreason").post(reverse(ADD_REASON), self.FORM)

        assert "There is a refund reason with this code already." in response.content.decode()
        assert RefundReason.objects.get().label == "Other"

    @pytest.mark.parametrize("field", FORM)
    def test_refund_reason_with_a_card_number_is_refused(self, log_in: LogIn, field: str) -> None:
        client = log_in("add_refundreason", "change_refundreason")
        reason = refund_reasons.create(label="Other", code="other")
        for address in (reverse(ADD_REASON), page_url(reason)):
            client.post(address, self.FORM | {field: "4242 4242 4242 4242"})

        assert RefundReason.objects.values_list("label", "code", "description").get() == ("Other", "other", None)
        assert not LogEntry.objects.exists()

    def test_refund_reason_is_changed_through_the_form(self, log_in: LogIn) -> None:
        client = log_in("change_refundreason")
        reason = refund_reasons.create(label="Other", code="other", description="Old words")

        response = client.post(page_url(reason), self.FORM)

        reason.refresh_from_db()
        assert response["Location"] == list_url(RefundReason)
        assert (reason.label, reason.code, reason.live_code, reason.description) == (
            "Damaged",
            "damaged",
            "damaged",
            None,
        )

    def test_deleted_refund_reason_is_read_only(self, log_in: LogIn) -> None:
        client = log_in("change_refundreason")
        reason = refund_reasons.create(label="Other", code="other")
        refund_reasons.delete(refund_reason_id=reason.pk)

        assert client.post(page_url(reason), self.FORM).status_code == 403
        assert 'name="label"' not in html(client, page_url(reason))

    def test_refusal_of_the_service_is_shown_to_the_user(self, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
        client = log_in("add_refundreason", "view_refundreason")
        monkeypatch.setattr(RefundReasonForm, "clean_code", lambda form: form.cleaned_data["code"])
        refund_reasons.create(label="Other", code="damaged")

        response = client.post(reverse(ADD_REASON), self.FORM, follow=True)

        assert "Refund reason with code: damaged, already exists." in response.content.decode()
        assert response.redirect_chain == [(reverse(ADD_REASON), 302)]

    def test_refund_reason_form_works_with_atomic_requests(
        self, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = log_in("add_refundreason", "view_refundreason")
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

        client.post(reverse(ADD_REASON), self.FORM)

        assert RefundReason.objects.get().code == "damaged"

    def test_refund_reason_form_needs_the_permission(self, viewer: Client) -> None:
        assert viewer.post(reverse(ADD_REASON), self.FORM).status_code == 403
        assert not RefundReason.objects.exists()

    def test_refund_reason_cannot_be_deleted_in_admin(self, admin_client: Client) -> None:
        reason = refund_reasons.create(label="Other", code="damaged")

        response = admin_client.post(page_url(reason).replace("/change/", "/delete/"), {"post": "yes"})

        assert response.status_code == 403
        assert RefundReason.objects.filter(pk=reason.pk).exists()


class TestPublishableKeys:
    def test_publishable_key_token_is_generated_and_shown(self, log_in: LogIn) -> None:
        client = log_in("add_publishablekey", "view_publishablekey")

        client.post(reverse(ADD_KEY), {"title": "Shop window", "token": "pk_chosen"})

        key = PublishableKey.objects.get()
        assert key.title == "Shop window"
        assert key.token.startswith("pk_")
        assert key.token != "pk_chosen"
        assert publishable_keys.is_valid(key.token)
        assert key.token in html(client, list_url(PublishableKey))
        assert key.token in html(client, page_url(key))

    def test_publishable_key_title_cannot_be_a_secret_key(self, log_in: LogIn) -> None:
        log_in("add_publishablekey").post(reverse(ADD_KEY), {"title": "sk_live_51Canary"})

        assert not PublishableKey.objects.exists()
        assert not LogEntry.objects.exists()

    def test_two_publishable_keys_can_have_one_title(self, log_in: LogIn) -> None:
        client = log_in("add_publishablekey", "view_publishablekey")
        for _ in range(2):
            client.post(reverse(ADD_KEY), {"title": "Shop window"})

        assert PublishableKey.objects.count() == 2

    def test_revoking_publishable_keys_asks_first(self, admin_client: Client) -> None:
        key, other = publishable_keys.create(title="Old <b>"), publishable_keys.create(title="New")
        action = {"action": "revoke", "_selected_action": [key.pk]}

        question = admin_client.post(list_url(PublishableKey), action)

        assert key.token in question.content.decode()
        assert "Old &lt;b&gt;" in question.content.decode()
        assert publishable_keys.is_valid(key.token)

        admin_client.post(list_url(PublishableKey), action | {"confirmed": "yes"})

        assert not publishable_keys.is_valid(key.token)
        assert publishable_keys.is_valid(other.token)
        assert LogEntry.objects.get().object_id == key.pk
        assert "revoked" in html(admin_client, page_url(key))

    def test_revoking_keys_needs_the_permission_to_change(self, viewer: Client) -> None:
        key = publishable_keys.create(title="Shop window")

        viewer.post(list_url(PublishableKey), {"action": "revoke", "_selected_action": [key.pk], "confirmed": "yes"})

        assert publishable_keys.is_valid(key.token)

    ROTATE = {"action": "rotate", "confirmed": "yes"}

    def test_rotating_keys_asks_first(self, log_in: LogIn) -> None:
        client = log_in("view_publishablekey", "add_publishablekey", "change_publishablekey")
        key, other = publishable_keys.create(title="Old <b>"), publishable_keys.create(title="New")
        action = {"action": "rotate", "_selected_action": [key.pk]}

        question = client.post(list_url(PublishableKey), action).content.decode()

        assert key.token in question
        assert "Old &lt;b&gt;" in question
        assert PublishableKey.objects.count() == 2

        page = client.post(list_url(PublishableKey), action | self.ROTATE | {"overlap_seconds": "3600"}, follow=True)

        successor = PublishableKey.objects.exclude(pk__in=[key.pk, other.pk]).get()
        assert successor.title == "Old <b>"
        assert f'The new key of Old &lt;b&gt; is <code class="payments-id">{successor.token}' in page.content.decode()
        assert all(publishable_keys.is_valid(token) for token in (key.token, other.token, successor.token))
        key.refresh_from_db()
        assert key.revoked_at is not None
        assert LogEntry.objects.get().object_id == key.pk

    def test_rotating_without_overlap_stops_the_old_key(self, admin_client: Client) -> None:
        key = publishable_keys.create(title="Shop window")
        action = self.ROTATE | {"_selected_action": [key.pk], "overlap_seconds": "0"}

        admin_client.post(list_url(PublishableKey), action)

        assert not publishable_keys.is_valid(key.token)

    def test_key_is_rotated_only_once(self, admin_client: Client) -> None:
        key = publishable_keys.create(title="Shop window")
        action = self.ROTATE | {"_selected_action": [key.pk], "overlap_seconds": "3600"}
        for _ in range(2):
            page = admin_client.post(list_url(PublishableKey), action, follow=True)

        assert f"Shop window: PublishableKey {key.pk} was revoked before." in page.content.decode()
        assert PublishableKey.objects.count() == 2

    def test_rotating_accepts_only_the_offered_times(self, admin_client: Client) -> None:
        key = publishable_keys.create(title="Shop window")
        action = self.ROTATE | {"_selected_action": [key.pk], "overlap_seconds": "31536000"}

        page = admin_client.post(list_url(PublishableKey), action)

        assert "Select a valid choice." in page.content.decode()
        assert PublishableKey.objects.count() == 1

    @pytest.mark.parametrize("missing", ["add_publishablekey", "change_publishablekey"])
    def test_rotating_needs_the_permissions_to_add_and_to_change(self, log_in: LogIn, missing: str) -> None:
        needed = {"view_publishablekey", "add_publishablekey", "change_publishablekey"}
        key = publishable_keys.create(title="Shop window")
        action = self.ROTATE | {"_selected_action": [key.pk], "overlap_seconds": "0"}

        log_in(*needed - {missing}).post(list_url(PublishableKey), action)

        assert publishable_keys.is_valid(key.token)
        assert PublishableKey.objects.count() == 1

    def test_publishable_key_cannot_be_edited(self, admin_client: Client) -> None:
        key = publishable_keys.create(title="Shop window")

        assert admin_client.post(page_url(key), {"title": "Other", "token": "pk_other"}).status_code == 403
        assert PublishableKey.objects.get().title == "Shop window"


class TestSecretKeys:
    @pytest.fixture
    def issued(self) -> IssuedSecretKey:
        return secret_keys.create(user=UserFactory(username="robot@example.com", is_staff=True), title="Warehouse")

    def test_secret_key_page_shows_the_user_but_not_the_token(self, viewer: Client, issued: IssuedSecretKey) -> None:
        for url in (list_url(SecretKey), page_url(issued.key)):
            page = html(viewer, url)
            assert "Warehouse" in page
            assert "robot@example.com" in page
            assert issued.key.redacted in page
            assert issued.token not in page
            assert issued.key.token_digest not in page

    def test_secret_key_cannot_be_added_in_admin(self, admin_client: Client) -> None:
        assert admin_client.post("/django-admin/medusa_payments/secretkey/add/", {"title": "x"}).status_code == 403

    def test_revoking_secret_keys_asks_first(self, admin_client: Client, issued: IssuedSecretKey) -> None:
        action = {"action": "revoke", "_selected_action": [issued.key.pk]}

        question = admin_client.post(list_url(SecretKey), action).content.decode()

        assert "A program that uses one of these keys is refused from now on." in question
        assert issued.key.redacted in question
        assert secret_keys.authenticate(issued.token)

        admin_client.post(list_url(SecretKey), action | {"confirmed": "yes"})

        assert secret_keys.authenticate(issued.token) is None

    def test_secret_key_stays_valid_during_its_overlap(self, viewer: Client, issued: IssuedSecretKey) -> None:
        secret_keys.rotate(secret_key_id=issued.key.pk, overlap_seconds=3600)

        assert "revoked</span>" not in html(viewer, page_url(issued.key))

    def test_actions_of_a_program_show_the_name_of_its_key(self, viewer: Client, issued: IssuedSecretKey) -> None:
        captured = factories.authorized_payment()
        captures.capture(payment_id=captured.pk, created_by=issued.key.pk)

        for url in (page_url(captured), list_url(Operation), list_url(Event)):
            assert str(issued.key) in html(viewer, url)
