/**
 * Ways to pay: how each is called, and what the customer has to do in this page before the server is asked.
 *
 * `show(panel, session)` puts what the method needs into its panel; what is there for that session already stays.
 * `data()` is what goes with the payment session.
 * `confirm(session)` lets the customer pay; it throws `PaymentFailed` when the customer was told that it failed, and
 * returns for everything else: what became of the payment is for the server to find out.
 * `mayBePaid(session)` says whether a customer who comes back may have paid already: unless it is known that not.
 */

import { STRIPE_PROVIDERS, StripePayments } from "./stripe_payments.js";

/** Return the methods for a region's providers, by provider id, in the order in which they are offered. */
export function methodsFor(providerIds, settings) {
  const known = [
    ...STRIPE_PROVIDERS.map((id) => [id, () => new StripePayments(id, settings.stripe_js)]),
    ["pp_system_default", () => new PayLater()],
    ["pp_fake_fake", () => new Rehearsal()],
  ];
  return new Map(known.filter(([id]) => providerIds.includes(id)).map(([id, make]) => [id, make()]));
}

/** A method for which there is nothing to do in the page. */
class Method {
  confirmsInPage = false;

  show() {}

  data() {
    return {};
  }

  async confirm() {}

  async mayBePaid() {
    return false;
  }
}

class PayLater extends Method {
  title = "Pay on delivery";
  hint = "In cash, or by bank transfer";
}

/** The fake provider: whoever tries the demo chooses what is going to happen. */
class Rehearsal extends Method {
  title = "Rehearsal";
  hint = "A pretended payment: choose how it ends";

  #outcomes = {
    authorized: "It succeeds",
    declined: "It is declined",
    requires_more: "The bank wants more",
    pending_authorization: "The money arrives later",
    timeout_after: "The answer gets lost",
    unavailable: "The provider can't be reached",
  };

  show(panel) {
    if (panel.firstChild) return;
    panel.classList.add("field");
    panel.innerHTML = '<label for="outcome">How it ends</label><select id="outcome"></select>';
    this.#select = panel.lastChild;
    this.#select.append(...Object.entries(this.#outcomes).map(([value, text]) => new Option(text, value)));
  }

  data() {
    return { outcome: this.#select?.value ?? "authorized" };
  }

  #select = null;
}
