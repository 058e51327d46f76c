"""`payments_publishable_key` and `payments_secret_key`, as a person and as a program uses them."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from medusa_payments.models import PublishableKey, SecretKey
from medusa_payments.services import publishable_keys, secret_keys

ROOT = Path(__file__).resolve().parents[2]
PUBLISHABLE, SECRET = "payments_publishable_key", "payments_secret_key"


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--format", "json")[0])


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("erp@example.com", is_staff=True)


@pytest.mark.django_db
class TestPublishableKeys:
    def test_create_prints_the_token_alone(self) -> None:
        out, err = run(PUBLISHABLE, "create", "--title", "Storefront")

        [key] = PublishableKey.objects.all()
        assert out == f"{key.token}\n"
        assert err == f"{key.pk}: Storefront\n"

    def test_create_with_a_token_is_repeatable(self) -> None:
        first, again = (run_json(PUBLISHABLE, "create", "--title", "Demo", "--token", "pk_demo") for _ in range(2))

        assert first == again
        assert (first["token"], first["is_live"], first["revoked_at"]) == ("pk_demo", True, None)

    def test_revoke(self) -> None:
        key = publishable_keys.create(title="Storefront")

        assert run(PUBLISHABLE, "revoke", key.pk) == (f"Revoked {key.pk}.\n", "")

        assert not publishable_keys.is_valid(key.token)
        assert run_json(PUBLISHABLE, "revoke", key.pk)["is_live"] is False

    def test_rotate_at_once(self) -> None:
        old = publishable_keys.create(title="Storefront")

        token = run(PUBLISHABLE, "rotate", old.pk)[0].strip()

        assert (publishable_keys.is_valid(old.token), publishable_keys.is_valid(token)) == (False, True)

    def test_rotate_with_an_overlap(self) -> None:
        old = publishable_keys.create(title="Storefront")

        document = run_json(PUBLISHABLE, "rotate", old.pk, "--overlap", "3600")

        assert (document["title"], document["is_live"]) == ("Storefront", True)
        assert publishable_keys.is_valid(old.token)

    def test_list(self) -> None:
        assert run(PUBLISHABLE, "list")[0] == "There are no keys.\n"
        assert run_json(PUBLISHABLE, "list") == []
        old = publishable_keys.create(title="Storefront")
        new = publishable_keys.rotate(publishable_key_id=old.pk)

        head, *rows = run(PUBLISHABLE, "list")[0].splitlines()

        assert head.split() == ["id", "title", "token", "is_live", "created_at", "revoked_at"]
        assert {tuple(row.split()[:4]) for row in rows} == {
            (old.pk, "Storefront", old.token, "no"),
            (new.pk, "Storefront", new.token, "yes"),
        }
        assert {row.split()[0]: row.endswith("-") for row in rows} == {old.pk: False, new.pk: True}
        listed = run_json(PUBLISHABLE, "list")
        assert {document["id"]: document["is_live"] for document in listed} == {old.pk: False, new.pk: True}


class TestSecretKeys:
    def test_create_prints_the_token_alone(self, staff: User) -> None:
        out, err = run(SECRET, "create", "--user", "erp@example.com", "--title", "ERP")

        token = out.removesuffix("\n")
        recognised = secret_keys.authenticate(token)
        assert recognised is not None
        assert recognised[0] == staff
        assert err == f"{recognised[1].pk}: ERP. Keep the key now: it can't be shown again.\n"

    def test_create_for_a_program(self, staff: User) -> None:
        document = run_json(SECRET, "create", "--user", "erp@example.com", "--title", "ERP")

        assert secret_keys.authenticate(document["token"]) is not None
        assert (document["user_id"], document["last_used_at"]) == (str(staff.pk), None)

    def test_rotate(self, staff: User) -> None:
        old = secret_keys.create(user=staff, title="ERP")

        new = run_json(SECRET, "rotate", old.key.pk)

        assert secret_keys.authenticate(old.token) is None
        assert secret_keys.authenticate(new["token"]) is not None

    def test_revoke(self, staff: User) -> None:
        issued = secret_keys.create(user=staff, title="ERP")

        run(SECRET, "revoke", issued.key.pk)

        assert secret_keys.authenticate(issued.token) is None

    def test_list_shows_no_token_and_no_digest(self, staff: User) -> None:
        issued = secret_keys.create(user=staff, title="ERP")

        for shown in (run(SECRET, "list")[0], json.dumps(run_json(SECRET, "list"))):
            assert issued.key.redacted in shown
            assert issued.token not in shown
            assert SecretKey.objects.get().token_digest not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([PUBLISHABLE, "revoke", "apk_x"], "PublishableKey id not found: apk_x"),
        ([PUBLISHABLE, "rotate", "apk_x"], "PublishableKey id not found: apk_x"),
        ([PUBLISHABLE, "create", "--title", "A", "--token", "sk_1"], "A publishable key begins with pk_"),
        ([SECRET, "revoke", "apk_x"], "SecretKey id not found: apk_x"),
        ([SECRET, "create", "--title", "A", "--user", "nobody"], "There is no user 'nobody'."),
        (
            [SECRET, "create", "--title", "A", "--user", "jane"],
            "A secret key can only act for an active member of staff.",
        ),
        ([PUBLISHABLE], "the following arguments are required: verb"),
        ([PUBLISHABLE, "delete"], "invalid choice: 'delete'"),
        ([PUBLISHABLE, "list", "--format", "xml"], "invalid choice: 'xml'"),
        ([PUBLISHABLE, "rotate", "apk_x", "--overlap", "soon"], "invalid int value: 'soon'"),
    ],
)
def test_refusals(db: None, arguments: list[str], message: str) -> None:
    User.objects.create_user("jane")

    with pytest.raises(CommandError, match=f".*{message}"):
        run(*arguments)


@pytest.mark.any_engine
@pytest.mark.django_db(transaction=True)
@pytest.mark.proof
def test_exit_statuses_and_streams(child_environment: dict[str, str]) -> None:
    """As the demo's, whose checks have nothing to report beside the error."""
    environment = child_environment | {"DJANGO_SETTINGS_MODULE": "storefront_project.settings"}

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    made = manage(PUBLISHABLE, "create", "--title", "Storefront")
    refused = manage(PUBLISHABLE, "revoke", "apk_x")
    misused = manage(PUBLISHABLE, "create")

    assert (made.returncode, publishable_keys.is_valid(made.stdout.strip())) == (0, True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "CommandError: PublishableKey id not found: apk_x\n"
    assert (misused.returncode, misused.stdout) == (2, "")
