/**
 * A stand-in for https://js.stripe.com, for pages that are tried without an account: what a checkout page with a Payment
 * Element calls, with Stripe's results, spoken to the Stripe twin that this file was loaded from.
 *
 *   const stripe = Stripe("pk_test_…");
 *   const elements = stripe.elements({ clientSecret });
 *   elements.create("payment").mount("#payment");
 *   const { error, paymentIntent } = await stripe.confirmPayment({ elements, confirmParams: { return_url }, redirect: "if_required" });
 *
 * Nothing rejects: like Stripe's, every call answers `{ paymentIntent }`, `{ setupIntent }` or
 * `{ error: { type, code, decline_code, message, payment_intent } }`.
 */
(() => {
  const TWIN = new URL(".", document.currentScript.src).href;

  const KINDS = {
    pi: { path: "payment_intents", name: "paymentIntent", parameter: "payment_intent" },
    seti: { path: "setup_intents", name: "setupIntent", parameter: "setup_intent" },
  };
  /** What Stripe's own script says instead of its API, whose words are for developers. */
  const NOT_AUTHENTICATED = {
    type: "invalid_request_error",
    message:
      "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
  };
  const SUCCEEDED = new Set(["succeeded", "requires_capture", "processing"]);

  /** Which intent a client secret opens. Throws for what is none, as Stripe does. */
  function opened(clientSecret) {
    const [, id, prefix] = /^((pi|seti)_[^_]+)_secret_/.exec(clientSecret ?? "") ?? [];
    if (!id)
      throw new Error("Invalid value for the client secret: it should be a string of the form ${id}_secret_${secret}.");
    return { id, ...KINDS[prefix] };
  }

  /** Flatten `{ card: { number } }` into `card[number]`, as Stripe's API takes it. */
  function* fields(value, name = "") {
    if (value === undefined || value === null) return;
    if (typeof value !== "object") return void (yield [name, String(value)]);
    for (const [key, below] of Object.entries(value)) yield* fields(below, name ? `${name}[${key}]` : key);
  }

  class Stripe {
    #key;

    constructor(key) {
      if (!/^pk_/.test(key ?? "")) throw new Error("Please call Stripe() with your publishable key.");
      this.#key = key;
    }

    elements(options = {}) {
      return new Elements(this, options);
    }

    retrievePaymentIntent(clientSecret) {
      return this.#retrieve(clientSecret);
    }

    retrieveSetupIntent(clientSecret) {
      return this.#retrieve(clientSecret);
    }

    confirmPayment(options) {
      return this.#confirm(options);
    }

    confirmSetup(options) {
      return this.#confirm(options);
    }

    /** Let the customer do what an intent waits for: authenticate here, or go to the bank's page. */
    async handleNextAction({ clientSecret }) {
      const answer = await this.#retrieve(clientSecret);
      return answer.error ? answer : this.#goOn(clientSecret, answer);
    }

    async #confirm({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const secret = clientSecret ?? elements?.clientSecret;
      const { id, path, name } = opened(secret);
      const method = elements ? await elements.paymentMethodData() : { data: undefined };
      if (method.error) return method;
      const answer = await this.#send("POST", `v1/${path}/${id}/confirm`, name, {
        client_secret: secret,
        payment_method_data: method.data,
        ...confirmParams,
      });
      const result = answer.error ? answer : await this.#goOn(secret, answer);
      if (redirect === "always" && !result.error) return this.#leaveFor(confirmParams.return_url, secret, result[name]);
      return result;
    }

    /** Do what the intent waits for, if anything; the answer is the intent after it. */
    async #goOn(clientSecret, answer) {
      const { id, name, parameter } = opened(clientSecret);
      const action = answer[name].next_action;
      if (!action) return answer;
      const page =
        action.redirect_to_url?.url ??
        Object.values(action).find((value) => value?.hosted_voucher_url)?.hosted_voucher_url;
      if (page) return leave(page);
      const { challenge } = await import(`${TWIN}challenge.js`);
      const outcome = await challenge();
      const after = await this.#send("POST", `twin/next_action/${id}`, name, { client_secret: clientSecret, outcome });
      if (after.error || SUCCEEDED.has(after[name].status)) return after;
      const { last_payment_error: payment, last_setup_error: setup } = after[name];
      const error = { ...(payment ?? setup), [parameter]: after[name] };
      return { error: error.code?.endsWith("_authentication_failure") ? { ...error, ...NOT_AUTHENTICATED } : error };
    }

    #leaveFor(returnUrl, clientSecret, intent) {
      const { parameter } = opened(clientSecret);
      const address = new URL(returnUrl);
      address.searchParams.set(parameter, intent.id);
      address.searchParams.set(`${parameter}_client_secret`, clientSecret);
      address.searchParams.set("redirect_status", SUCCEEDED.has(intent.status) ? "succeeded" : "failed");
      return leave(address.href);
    }

    #retrieve(clientSecret) {
      const { id, path, name } = opened(clientSecret);
      return this.#send("GET", `v1/${path}/${id}`, name, { client_secret: clientSecret });
    }

    async #send(method, path, name, parameters) {
      const form = new URLSearchParams([...fields({ key: this.#key, ...parameters })]);
      const address = method === "GET" ? `${TWIN}${path}?${form}` : TWIN + path;
      try {
        const response = await fetch(address, { method, body: method === "GET" ? undefined : form });
        const answer = await response.json();
        return response.ok ? { [name]: answer } : { error: answer.error };
      } catch {
        const message = "We are experiencing issues connecting to our payments provider. Please try again in a moment.";
        return { error: { type: "api_connection_error", message } };
      }
    }
  }

  /** The browser goes elsewhere: like Stripe's, the call is never answered. */
  function leave(address) {
    location.assign(address);
    return new Promise(() => {});
  }

  /** A group of elements: for an intent, or (deferred) for an amount, with the intent named when confirming. */
  class Elements {
    #stripe;
    #options;
    #element = null;

    constructor(stripe, options) {
      this.#stripe = stripe;
      this.#options = options;
      if (options.clientSecret) opened(options.clientSecret);
    }

    get clientSecret() {
      return this.#options.clientSecret;
    }

    create(type, options = {}) {
      if (type !== "payment") throw new Error(`The stand-in has no ${type} element.`);
      this.#element = new PaymentElement({
        ...options,
        appearance: this.#options.appearance,
        types: () => this.#types(),
      });
      return this.#element;
    }

    getElement(type) {
      return type === "payment" ? this.#element : null;
    }

    update(options) {
      Object.assign(this.#options, options);
    }

    async fetchUpdates() {
      await this.#element?.refresh();
      return {};
    }

    async submit() {
      const { error, type } = (await this.#element?.check()) ?? {};
      return error ? { error } : { selectedPaymentMethod: type };
    }

    async paymentMethodData() {
      const checked = await this.#element.check();
      return checked.error ? checked : { data: checked.data };
    }

    async #types() {
      const { clientSecret, paymentMethodTypes, mode } = this.#options;
      if (!clientSecret) return paymentMethodTypes ?? ["card"];
      const answer =
        await this.#stripe[
          mode === "setup" || clientSecret.startsWith("seti") ? "retrieveSetupIntent" : "retrievePaymentIntent"
        ](clientSecret);
      if (answer.error) throw answer.error;
      return (answer.paymentIntent ?? answer.setupIntent).payment_method_types;
    }
  }

  /** What is mounted into the page. Its form is loaded when it is shown. */
  class PaymentElement {
    #options;
    #listeners = new Map();
    #host = document.createElement("div");
    #form = null;

    constructor(options) {
      this.#options = options;
    }

    on(event, listener) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
      return this;
    }

    off(event, listener) {
      this.#listeners.set(
        event,
        (this.#listeners.get(event) ?? []).filter((known) => known !== listener),
      );
      return this;
    }

    mount(target) {
      (typeof target === "string" ? document.querySelector(target) : target).replaceChildren(this.#host);
      this.#form ??= this.#load();
    }

    unmount() {
      this.#host.remove();
    }

    destroy() {
      this.unmount();
      this.#listeners.clear();
    }

    focus() {
      this.#form?.then((form) => form?.focus());
    }

    async refresh() {
      (await this.#form)?.show(await this.#options.types());
    }

    /** Return what was typed as `{ type, data }`, or `{ error }` for what isn't complete. */
    async check() {
      const form = await this.#form;
      const error = { type: "validation_error", code: "incomplete", message: "The payment form isn't there yet." };
      return form ? form.check() : { error };
    }

    async #load() {
      try {
        const { PaymentForm } = await import(`${TWIN}payment_form.js`);
        const form = new PaymentForm(this.#host, this.#options.appearance, (event) => this.#tell("change", event));
        form.show(await this.#options.types());
        this.#tell("ready", {});
        return form;
      } catch (error) {
        this.#tell("loaderror", { error });
        return null;
      }
    }

    #tell(event, details) {
      for (const listener of this.#listeners.get(event) ?? []) listener({ elementType: "payment", ...details });
    }
  }

  globalThis.Stripe = (key, _options) => new Stripe(key);
})();
