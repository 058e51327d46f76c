/** The calls of a checkout, as any storefront makes them: the shop's carts, the payment API and nothing else. */

import { ConnectionLost, Refusal } from "./errors.js";
import { patiently } from "./patience.js";

export class Shop {
  constructor(publishableKey) {
    this.publishableKey = publishableKey;
  }

  async regions() {
    return (await this.#get("/store/regions")).regions;
  }

  async products() {
    return (await this.#get("/store/products?limit=100")).products;
  }

  async createCart(regionId, items) {
    return (await this.#post("/store/carts", { region_id: regionId, items })).cart;
  }

  async cart(id) {
    return (await this.#get(`/store/carts/${id}`)).cart;
  }

  async setEmail(cartId, email) {
    return (await this.#post(`/store/carts/${cartId}`, { email })).cart;
  }

  async addItem(cartId, variantId) {
    return (await this.#post(`/store/carts/${cartId}/line-items`, { variant_id: variantId, quantity: 1 })).cart;
  }

  async setQuantity(cartId, lineItemId, quantity) {
    return (await this.#post(`/store/carts/${cartId}/line-items/${lineItemId}`, { quantity })).cart;
  }

  async paymentProviders(regionId) {
    const answer = await this.#get(`/store/payment-providers?region_id=${regionId}&limit=100`);
    return answer.payment_providers.filter((provider) => provider.is_enabled).map((provider) => provider.id);
  }

  /** Make a provider the way the cart is paid, with the cart's amount of this moment; return its payment session. */
  initializeSession(cartId, providerId, data = {}) {
    return patiently(() => this.#initializeSession(cartId, providerId, data));
  }

  async #initializeSession(cartId, providerId, data) {
    const collection = (await this.#post("/store/payment-collections", { cart_id: cartId })).payment_collection;
    const path = `/store/payment-collections/${collection.id}/payment-sessions`;
    const answer = await this.#post(path, { provider_id: providerId, data });
    return answer.payment_collection.payment_sessions.find((session) => session.provider_id === providerId);
  }

  /** Have the payment authorized and the order placed. Safe to repeat with the same key, however often. */
  async complete(cartId, idempotencyKey) {
    const answer = await this.#post(`/store/carts/${cartId}/complete`, {}, { "idempotency-key": idempotencyKey });
    if (answer.type === "order") return answer.order;
    throw new Refusal(200, answer.error);
  }

  async order(id) {
    return (await this.#get(`/store/orders/${id}`)).order;
  }

  #get(path) {
    return this.#request(path, {});
  }

  #post(path, body, headers = {}) {
    return this.#request(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  }

  async #request(path, options) {
    const headers = { "x-publishable-api-key": this.publishableKey, ...options.headers };
    let response, answer;
    try {
      response = await fetch(path, { ...options, headers });
      answer = await response.json();
    } catch (cause) {
      throw new ConnectionLost("No answer came.", { cause });
    }
    if (response.ok) return answer;
    throw new Refusal(response.status, answer, Number(response.headers.get("retry-after")) || null);
  }
}
