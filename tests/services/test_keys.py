"""Keys: made, accepted, replaced, taken out of use."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from medusa_payments.exceptions import InvalidData, NotAllowed, NotFound
from medusa_payments.models import PublishableKey, SecretKey
from medusa_payments.queries import keys
from medusa_payments.services import publishable_keys, secret_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff", is_staff=True)


def is_accepted(issued: secret_keys.IssuedSecretKey) -> bool:
    return secret_keys.authenticate(issued.token) is not None


class TestPublishableKeys:
    @pytest.mark.parametrize("token", ["sk_1", "1", "PK_1", "pk_" + "x" * 98])
    def test_a_token_that_no_storefront_would_send(self, token: str) -> None:
        with pytest.raises(InvalidData):
            publishable_keys.create(title="Storefront", token=token)

        assert not PublishableKey.objects.exists()

    def test_a_token_has_one_key(self) -> None:
        first, again = (publishable_keys.create(title=title, token="pk_1") for title in ("A", "B"))

        assert (again.pk, again.title) == (first.pk, "A")

    def test_random_tokens_differ(self) -> None:
        first, second = publishable_keys.create(title="A"), publishable_keys.create(title="A")

        assert first.token != second.token
        assert len(first.token) == len("pk_") + 64

    def test_revoking_twice_keeps_the_first_time(self) -> None:
        key = publishable_keys.create(title="A")
        publishable_keys.revoke(publishable_key_id=key.pk)
        PublishableKey.objects.update(revoked_at=timezone.now() - timedelta(days=1))
        before = PublishableKey.objects.get().revoked_at

        publishable_keys.revoke(publishable_key_id=key.pk)

        assert PublishableKey.objects.get().revoked_at == before

    def test_an_unknown_publishable_key_is_not_found(self) -> None:
        with pytest.raises(NotFound, match=r"^PublishableKey id not found: apk_x$"):
            publishable_keys.revoke(publishable_key_id="apk_x")
        with pytest.raises(NotFound):
            publishable_keys.rotate(publishable_key_id="apk_x")


class TestSecretKeys:
    def test_a_secret_key_acts_for_its_user(self, staff: User) -> None:
        issued = secret_keys.create(user=staff, title="ERP")

        assert secret_keys.authenticate(issued.token) == (staff, issued.key)
        assert secret_keys.authenticate(issued.token.upper()) is None
        assert secret_keys.authenticate("") is None

    def test_a_secret_key_is_stored_as_a_digest(self, staff: User) -> None:
        issued = secret_keys.create(user=staff, title="ERP")

        [key] = SecretKey.objects.all()
        assert key.token_digest == sha256(issued.token.encode()).hexdigest()
        assert key.redacted == f"sk_***{issued.token[-3:]}"
        assert str(key) == f"ERP ({key.redacted})"
        assert len(issued.token) == len("sk_") + 64
        assert issued.token not in repr(issued)

    @pytest.mark.parametrize(
        "user",
        [User(pk=1), User(pk=1, is_staff=True, is_active=False), AnonymousUser()],
        ids=["customer", "left", "nobody"],
    )
    def test_secret_keys_are_for_active_staff_only(self, user: Any) -> None:
        with pytest.raises(InvalidData):
            secret_keys.create(user=user, title="ERP")

        assert not SecretKey.objects.exists()

    def test_a_secret_key_is_rotated(self, staff: User) -> None:
        old = secret_keys.create(user=staff, title="ERP")

        new = secret_keys.rotate(secret_key_id=old.key.pk)

        assert (is_accepted(old), is_accepted(new)) == (False, True)
        assert (new.key.title, new.key.user_id) == ("ERP", str(staff.pk))

    def test_an_unknown_secret_key_is_not_found(self) -> None:
        with pytest.raises(NotFound, match=r"^SecretKey id not found: apk_x$"):
            secret_keys.revoke(secret_key_id="apk_x")
        with pytest.raises(NotFound):
            secret_keys.rotate(secret_key_id="apk_x")


class TestOverlap:
    def test_both_keys_are_accepted_until_it_ends(self, staff: User) -> None:
        old = secret_keys.create(user=staff, title="ERP")

        new = secret_keys.rotate(secret_key_id=old.key.pk, overlap_seconds=60)

        assert (is_accepted(old), is_accepted(new)) == (True, True)
        ends_at = SecretKey.objects.get(pk=old.key.pk).revoked_at
        assert ends_at is not None
        assert timedelta(seconds=30) < ends_at - timezone.now() <= timedelta(seconds=61)
        SecretKey.objects.filter(pk=old.key.pk).update(revoked_at=timezone.now() - timedelta(seconds=1))
        assert (is_accepted(old), is_accepted(new)) == (False, True)

    def test_the_overlap_of_two_keys_ends_when_the_old_one_is_revoked(self) -> None:
        old = publishable_keys.create(title="A")
        new = publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=60)

        publishable_keys.revoke(publishable_key_id=old.pk)

        assert (publishable_keys.is_valid(old.token), publishable_keys.is_valid(new.token)) == (False, True)

    @pytest.mark.parametrize("overlap_seconds", [0, 60])
    def test_a_key_is_rotated_once(self, overlap_seconds: int) -> None:
        old = publishable_keys.create(title="A")
        publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=overlap_seconds)

        with pytest.raises(NotAllowed):
            publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=overlap_seconds)

        assert PublishableKey.objects.count() == 2

    @pytest.mark.parametrize("overlap_seconds", [-1, 10**10])
    def test_an_impossible_overlap_is_refused(self, overlap_seconds: int) -> None:
        old = publishable_keys.create(title="A")

        with pytest.raises(InvalidData):
            publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=overlap_seconds)

        assert publishable_keys.is_valid(old.token)
        assert PublishableKey.objects.count() == 1


def test_the_list_says_which_are_live() -> None:
    old = publishable_keys.create(title="A")
    new = publishable_keys.rotate(publishable_key_id=old.pk, overlap_seconds=60)
    revoked = publishable_keys.create(title="C")
    publishable_keys.revoke(publishable_key_id=revoked.pk)

    listed: Any = keys.listed(PublishableKey)

    assert {key.pk: key.is_live for key in listed} == {old.pk: True, new.pk: True, revoked.pk: False}
