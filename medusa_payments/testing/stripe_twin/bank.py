"""The customer's bank: what a customer does there, with the client secret that the browser has."""

from urllib.parse import urlencode, urlsplit

from medusa_payments.testing.stripe_twin import attempts, browser, setup_intents
from medusa_payments.testing.stripe_twin.accounts import account_of_scope
from medusa_payments.testing.stripe_twin.books import Books
from medusa_payments.testing.stripe_twin.call import HIDDEN, Call, shown
from medusa_payments.testing.stripe_twin.errors import missing
from medusa_payments.testing.stripe_twin.store import Store
from medusa_payments.testing.stripe_twin.time_passes import pass_time
from medusa_payments.testing.stripe_twin.wire import Document

_REDIRECT_STATUSES = {"succeeded": "succeeded", "requires_capture": "succeeded", "processing": "pending"}


def look(store: Store, intent_id: str, client_secret: str, *, base_url: str) -> tuple[Document, str]:
    """Return what a browser may see of an intent, and where its customer goes from here ("" for nowhere).

    Raises `StripeTwinError` for an unknown intent or a wrong secret.
    """
    with store.transaction() as connection:
        _, intent = _found(Books(connection), intent_id, client_secret, base_url)
        return shown(browser.only_public(intent)), _return_url(intent)


def finish(store: Store, intent_id: str, client_secret: str, *, is_successful: bool, base_url: str) -> Document:
    """Do, or refuse, what an intent waits for; return what a browser may see of it then.

    A decline is no error here: it stands on the intent. Raises `StripeTwinError` for an unknown intent, a wrong
    secret, and an intent that waits for nothing.
    """
    with store.transaction() as connection:
        call, intent = _found(Books(connection), intent_id, client_secret, base_url)
        kind = attempts if intent["object"] == "payment_intent" else setup_intents
        kind.finish_action(call, intent, is_successful=is_successful)
        public: Document = shown(browser.only_public(intent))
        return public


def _found(books: Books, intent_id: str, client_secret: str, base_url: str) -> tuple[Call, Document]:
    pass_time(books, base_url=base_url)
    scope = books.scope_of(intent_id)
    if scope is None:
        raise missing("payment_intent", intent_id, param="intent")
    kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
    call = Call(books=books, account=account_of_scope(books, scope), now=int(books.now()), base_url=base_url)
    return call, browser.find(call, kind, intent_id, client_secret)


def _return_url(intent: Document) -> str:
    address = intent[HIDDEN].get("return_url")
    if not address:
        return ""
    kind = intent["object"]
    told = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": _REDIRECT_STATUSES.get(intent["status"], "failed"),
    }
    parts = urlsplit(str(address))
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return parts._replace(query=query).geturl()
