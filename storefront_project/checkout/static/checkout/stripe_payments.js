/** Paying with Stripe: its Payment Element in our page. What is typed into it goes to Stripe, never to the shop. */

import { Incomplete, MethodUnavailable, PaymentFailed } from "./errors.js";

const MAY_BE_PAID = new Set(["requires_capture", "processing", "succeeded"]);

const WAYS = {
  pp_stripe_stripe: ["Card", "Or another way that Stripe offers you"],
  "pp_stripe-ideal_stripe": ["iDEAL", "You pay at your bank and come back"],
  "pp_stripe-sepa-debit_stripe": ["SEPA debit", "From your bank account; it takes a few days"],
};

export const STRIPE_PROVIDERS = Object.keys(WAYS);

export class StripePayments {
  confirmsInPage = true;

  #script;
  #elements = null;
  #clientSecret = null;

  /** `script` is the address of Stripe.js. */
  constructor(providerId, script) {
    [this.title, this.hint] = WAYS[providerId];
    this.#script = script;
  }

  data() {
    return {};
  }

  /** Mount the Payment Element for a session; one that is there already takes over a changed amount. */
  async show(panel, session) {
    const { client_secret: clientSecret } = session.data;
    if (this.#clientSecret === clientSecret) {
      await this.#elements.fetchUpdates();
      return;
    }
    const stripe = await this.#stripe(session);
    this.#elements = stripe.elements({ clientSecret, appearance: appearance() });
    this.#clientSecret = clientSecret;
    panel.classList.add("element");
    panel.replaceChildren(document.createElement("div"));
    this.#elements.create("payment").mount(panel.firstChild);
  }

  async confirm(session) {
    const submitted = await this.#elements.submit();
    if (submitted.error) throw new Incomplete(submitted.error.message);
    const stripe = await this.#stripe(session);
    const { error } = await stripe.confirmPayment({
      elements: this.#elements,
      confirmParams: { return_url: location.origin + location.pathname },
      redirect: "if_required",
    });
    if (error && !MAY_BE_PAID.has(error.payment_intent?.status) && isFinal(error))
      throw new PaymentFailed(error.message);
  }

  async mayBePaid(session) {
    try {
      const stripe = await this.#stripe(session);
      const { paymentIntent } = await stripe.retrievePaymentIntent(session.data.client_secret);
      return !paymentIntent || MAY_BE_PAID.has(paymentIntent.status);
    } catch {
      return true;
    }
  }

  async #stripe(session) {
    if (!globalThis.Stripe) await loaded(this.#script);
    instance ??= globalThis.Stripe(session.data.publishable_key);
    return instance;
  }
}

/** The page's own look, in the words of Stripe's. */
function appearance() {
  const colorPrimary = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  return { theme: isDark ? "night" : "stripe", variables: { colorPrimary } };
}

/** One for the page: Stripe.js doesn't like to be there twice. */
let instance = null;

/** Whether Stripe said that nothing was paid. After anything else (no answer, say) the shop finds out. */
function isFinal(error) {
  return error.type === "card_error" || error.code === "payment_intent_authentication_failure";
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
