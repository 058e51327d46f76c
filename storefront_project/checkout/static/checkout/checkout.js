/**
 * The checkout: cart, choice of a method, payment, result.
 *
 * The server decides what is paid. The page asks it to complete the cart and shows the answer; neither the address that
 * a payment service sends the customer back to, nor what this browser remembers, is ever taken for an answer.
 */

import { memory } from "./memory.js";
import * as messages from "./messages.js";
import { methodsFor } from "./methods.js";
import { formatted } from "./money.js";
import { Page } from "./page.js";
import { aWhile, seconds } from "./patience.js";
import { Shop } from "./shop.js";

const FIRST_ITEMS = [
  { variant_id: "variant_tshirt_m", quantity: 1 },
  { variant_id: "variant_mug", quantity: 1 },
];
const UNPAID = new Set(["pending", "requires_more"]);
const LOOK_AGAIN_SECONDS = 5;

class Checkout {
  #settings;
  #shop;
  #page;
  #cart;
  #methods = new Map();
  #choice = null;
  #session = null;
  #order = null;
  #isPaying = false;
  #turn = Promise.resolve();

  constructor(settings) {
    this.#settings = settings;
    this.#shop = new Shop(settings.publishable_key);
    this.#page = new Page({
      region: (id) => this.#inTurn(() => this.#changeRegion(id)),
      step: (lineId, step) => this.#inTurn(() => this.#changeQuantity(lineId, step)),
      add: (variantId) => this.#inTurn(async () => this.#changed(await this.#shop.addItem(this.#cart.id, variantId))),
      choose: (id) => this.#inTurn(() => this.#choose(id)),
      pay: () => this.#payOnce(),
      again: () => this.#inTurn(() => this.#begin(this.#cart.region_id, FIRST_ITEMS)),
    });
  }

  start() {
    const isReturn = location.search !== "";
    history.replaceState(null, "", location.pathname);
    for (const event of ["visibilitychange", "storage"]) {
      window.addEventListener(event, () => document.hidden || this.#inTurn(() => this.#lookAgain()), true);
    }
    // A browser may show the page again as it was when the customer left it for the bank.
    window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    return this.#inTurn(() => this.#start(isReturn));
  }

  async #start(isReturn) {
    const [regions, products] = await Promise.all([this.#shop.regions(), this.#shop.products()]);
    this.#page.showShop(regions, products);
    const cart = await this.#rememberedCart();
    if (!cart) return this.#begin(regions[0].id, FIRST_ITEMS);
    await this.#open(cart);
    if (this.#order) return;
    const session = liveSession(cart);
    const method = this.#methods.get(session?.provider_id);
    if (memory.attempt || (method && (await method.mayBePaid(session)))) return this.#complete(method);
    if (method) await this.#goOnWith(session, method);
    if (isReturn) this.#page.say(messages.NOT_PAID_YET);
  }

  /** Take an open session of the cart's amount as it is: in another tab the customer may be at the bank with it. */
  async #goOnWith(session, method) {
    const isOpen = UNPAID.has(session.status) && session.amount === this.#cart.total;
    if (!isOpen) return this.#choose(session.provider_id);
    this.#choice = session.provider_id;
    this.#session = session;
    this.#page.showChoice(this.#choice);
    await method.show(this.#page.panelOf(this.#choice), session);
  }

  async #rememberedCart() {
    if (!memory.cartId) return null;
    try {
      return await this.#shop.cart(memory.cartId);
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  async #begin(regionId, items) {
    const cart = await this.#shop.createCart(regionId, items);
    memory.cartId = cart.id;
    await this.#open(cart);
  }

  async #changeRegion(regionId) {
    const items = this.#cart.items.map(({ variant_id, quantity }) => ({ variant_id, quantity }));
    await this.#begin(regionId, items);
  }

  async #changeQuantity(lineId, step) {
    const line = this.#cart.items.find((item) => item.id === lineId);
    if (line) await this.#changed(await this.#shop.setQuantity(this.#cart.id, lineId, line.quantity + step));
  }

  /** Show a cart from the beginning; one that was completed is shown as the order that it became. */
  async #open(cart) {
    this.#cart = cart;
    this.#choice = this.#session = this.#order = null;
    this.#page.say("");
    if (cart.completed_at) return this.#complete();
    this.#methods = methodsFor(await this.#shop.paymentProviders(cart.region_id), this.#settings);
    this.#page.showMethods(this.#methods);
    this.#show();
    this.#page.showForm();
  }

  #show() {
    this.#page.showCart(this.#cart);
    const { total, currency_code: currencyCode } = this.#cart;
    this.#page.showAmount(total ? this.#amount : null, currencyCode);
    this.#page.showNote(this.#amount === total ? "" : messages.ROUNDED_UP(formatted(this.#amount, currencyCode)));
  }

  /** What will be charged: the payment service may count in larger steps than the shop. */
  get #amount() {
    return this.#session?.amount ?? this.#cart.total;
  }

  async #changed(cart) {
    this.#cart = cart;
    this.#page.say("");
    this.#session = null;
    this.#show();
    if (this.#choice && cart.total && (await this.#initialize())) this.#show();
  }

  async #choose(id) {
    this.#choice = id;
    this.#page.say("");
    this.#page.showChoice(id);
    if (this.#cart.total && (await this.#initialize())) this.#show();
  }

  /** Bring session and panel to the chosen method and the cart's amount; say whether it may be paid now. */
  async #initialize() {
    const method = this.#methods.get(this.#choice);
    try {
      this.#session = await this.#shop.initializeSession(this.#cart.id, this.#choice, method.data());
    } catch (error) {
      if (error.type !== "not_allowed") throw error;
      // It holds money, or is about to: paid in another tab, or before this page was closed.
      await this.#complete(method);
      return false;
    }
    await method.show(this.#page.panelOf(this.#choice), this.#session);
    return true;
  }

  /** A second click while the first is being worked on is none. */
  async #payOnce() {
    if (this.#isPaying) return;
    this.#isPaying = this.#page.isBusy = true;
    await this.#inTurn(() => this.#pay());
    this.#isPaying = this.#page.isBusy = false;
  }

  async #pay() {
    const [complaint, focus] = this.#complaint();
    this.#page.say(complaint, { focus });
    if (complaint) return;
    if (this.#page.email !== (this.#cart.email ?? "")) {
      this.#cart = await this.#shop.setEmail(this.#cart.id, this.#page.email || null);
    }
    if (!this.#cart.total) return this.#complete();
    const shown = this.#amount;
    if (!(await this.#initialize())) return;
    if (this.#session.amount !== shown) return this.#sayThatItChanged();
    const method = this.#methods.get(this.#choice);
    await method.confirm(this.#session);
    await this.#complete(method);
  }

  #complaint() {
    if (!this.#cart.items.length) return [messages.CART_EMPTY, "#goods"];
    if (!this.#page.isEmailValid) return [messages.EMAIL_WRONG, "#email"];
    if (this.#cart.total && !this.#choice) return [messages.CHOOSE_FIRST, "#methods input"];
    return ["", null];
  }

  /** Paid at the old price: choosing once more has the shop release that, and offers the new one. */
  async #beginAnew() {
    this.#cart = await this.#shop.cart(this.#cart.id);
    this.#session = null;
    if (this.#choice && this.#cart.total && !(await this.#initialize())) return;
    await this.#sayThatItChanged();
  }

  async #sayThatItChanged() {
    this.#cart = await this.#shop.cart(this.#cart.id);
    this.#show();
    this.#page.say(messages.CART_CHANGED(formatted(this.#amount, this.#cart.currency_code)));
  }

  /**
   * Ask the server for the order until it is known what became of the payment; then show it, or throw the refusal.
   *
   * A shop that can't ask the payment service (503) did nothing itself. That proves nothing once the customer may have
   * paid: in this page, with a `method` that does so, or by an earlier request that was never answered.
   */
  async #complete(method) {
    let mayBePaid = Boolean(method?.confirmsInPage || memory.attempt);
    const key = memory.beginAttempt();
    for (;;) {
      try {
        const order = await this.#shop.complete(this.#cart.id, key);
        memory.endAttempt();
        return this.#showOrder(order);
      } catch (error) {
        if (!error.isUnknown && !(mayBePaid && error.status === 503)) {
          memory.endAttempt();
          throw error;
        }
        mayBePaid = true;
        this.#page.showWaiting(messages.FINDING_OUT);
        await aWhile(error);
      }
    }
  }

  #showOrder(order) {
    this.#order = order;
    const message = messages.orderMessage(order);
    this.#page.showResult(message, { Order: order.id, "Receipt to": order.email });
    if (message.isOnItsWay) void this.#follow(order);
  }

  /** Tell the customer who waits that the money has arrived. */
  async #follow(order) {
    await seconds(LOOK_AGAIN_SECONDS);
    const current = this.#order === order && (await this.#shop.order(order.id).catch(() => order));
    if (this.#order === order) this.#showOrder({ ...current });
  }

  /** The cart may have been changed or paid in another tab. */
  async #lookAgain() {
    if (!this.#cart || this.#order) return;
    const cart = await this.#shop.cart(this.#cart.id);
    if (cart.completed_at) return this.#complete();
    const hasChanged = cart.updated_at !== this.#cart.updated_at;
    this.#cart = cart;
    if (hasChanged) await this.#changed(cart);
  }

  /** One thing at a time, in the order in which the customer did them. */
  #inTurn(action) {
    this.#turn = this.#turn.then(action).catch((error) => this.#explain(error));
    return this.#turn;
  }

  async #explain(error) {
    if (error.code === "cart_changed") await this.#beginAnew().catch(() => {});
    else this.#page.say(messages.messageFor(error));
    if (!this.#cart) this.#page.showWaiting(messages.CLOSED);
    else if (!this.#order) this.#page.showForm();
  }
}

function liveSession(cart) {
  return cart.payment_collection?.payment_sessions[0];
}

await new Checkout(JSON.parse(document.getElementById("settings").textContent)).start();
