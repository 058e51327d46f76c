/** Paying with Stripe: its Payment Element in our page. What is typed into it goes to Stripe, never to the shop. */

import { Incomplete, MethodUnavailable, PaymentFailed } from "./errors.js";

const MAY_BE_PAID = new Set(["requires_capture", "processing", "succeeded"]);
const TOLD_THE_CUSTOMER = new Set(["card_error", "validation_error"]);

export class StripePayments {
  title = "Card, iDEAL, SEPA debit …";
  hint = "Paid at once, by Stripe";
  confirmsInPage = true;

  #settings;
  #stripe = null;
  #elements = null;
  #mounted = null;

  constructor(settings) {
    this.#settings = settings;
  }

  data() {
    return {};
  }

  /** Mount the Payment Element for a session; one that is there already takes over a changed amount. */
  async show(panel, session) {
    const clientSecret = session.data.client_secret;
    if (this.#mounted === clientSecret) return void (await this.#elements.fetchUpdates());
    panel.classList.add("stripe");
    const stripe = await this.#library();
    this.#elements = stripe.elements({ clientSecret });
    this.#mounted = clientSecret;
    panel.replaceChildren(document.createElement("div"));
    this.#elements.create("payment").mount(panel.firstChild);
  }

  async confirm(session) {
    const submitted = await this.#elements.submit();
    if (submitted.error) throw new Incomplete(submitted.error.message);
    const { error } = await this.#stripe.confirmPayment({
      elements: this.#elements,
      confirmParams: { return_url: location.origin + location.pathname },
      redirect: "if_required",
    });
    if (!error || MAY_BE_PAID.has(error.payment_intent?.status)) return;
    if (TOLD_THE_CUSTOMER.has(error.type) || error.code === "payment_intent_authentication_failure") {
      throw new PaymentFailed(error.message);
    }
  }

  async mayBePaid(session) {
    const stripe = await this.#library();
    const { paymentIntent } = await stripe.retrievePaymentIntent(session.data.client_secret);
    return MAY_BE_PAID.has(paymentIntent?.status);
  }

  async #library() {
    if (!globalThis.Stripe) await loaded(this.#settings.script);
    this.#stripe ??= globalThis.Stripe(this.#settings.publishable_key);
    return this.#stripe;
  }
}

function loaded(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => {
      script.remove();
      reject(new MethodUnavailable(`${address} could not be loaded.`));
    };
    document.head.append(script);
  });
}
