/** The page's own elements: shows what it is told and says what the customer does. Knows nothing of payments. */

import { formatted } from "./money.js";

const element = (id) => document.getElementById(id);

export class Page {
  #on;

  /** `on` has a function for each thing a customer can do: region, step, add, choose, pay, again. */
  constructor(on) {
    this.#on = on;
    element("region").addEventListener("change", ({ target }) => on.region(target.value));
    element("goods").addEventListener("change", ({ target }) => {
      on.add(target.value);
      target.value = "";
    });
    element("checkout").addEventListener("submit", (event) => {
      event.preventDefault();
      on.pay();
    });
    element("again").addEventListener("click", () => on.again());
  }

  get email() {
    return element("email").value.trim();
  }

  get isEmailValid() {
    return element("email").validity.valid;
  }

  showShop(regions, products) {
    element("region").replaceChildren(...regions.map((region) => new Option(region.name, region.id)));
    for (const product of products) {
      for (const variant of product.variants) element("goods").append(new Option(nameOf(product, variant), variant.id));
    }
    this.names = new Map([...element("goods").options].map((option) => [option.value, option.text]));
  }

  showCart(cart) {
    element("region").value = cart.region_id;
    element("email").value ||= cart.email ?? "";
    element("total").value = formatted(cart.total, cart.currency_code);
    element("empty").hidden = cart.items.length > 0;
    const lines = element("lines");
    const shown = new Map([...lines.children].map((line) => [line.dataset.id, line]));
    const focused = document.activeElement?.dataset?.step ? document.activeElement.closest("li") : null;
    lines.replaceChildren(...cart.items.map((item) => this.#line(shown.get(item.id), item, cart.currency_code)));
    // Lines that stay keep their elements; putting them back takes the focus away from the button that was pressed.
    if (focused)
      (focused.isConnected
        ? focused.querySelector(`[data-step="${focused.dataset.pressed}"]`)
        : element("goods")
      ).focus();
  }

  #line(existing, item, currencyCode) {
    const line = existing ?? this.#newLine(item);
    line.querySelector("output").value = item.quantity;
    line.querySelector(".price").textContent = formatted(item.total, currencyCode);
    return line;
  }

  #newLine(item) {
    const name = this.names.get(item.variant_id) ?? item.title;
    const line = document.createElement("li");
    line.dataset.id = item.id;
    line.innerHTML = `<span class="name"></span><span class="stepper"><button type="button" data-step="-1">−</button><output></output><button type="button" data-step="1">+</button></span><span class="price"></span>`;
    line.querySelector(".name").textContent = name;
    for (const button of line.querySelectorAll("button")) {
      const step = Number(button.dataset.step);
      button.ariaLabel = `${step > 0 ? "One more" : "One less"}: ${name}`;
      button.addEventListener("click", () => {
        line.dataset.pressed = step;
        this.#on.step(item.id, step);
      });
    }
    return line;
  }

  showMethods(methods) {
    const fieldset = element("methods");
    fieldset.querySelectorAll(".method").forEach((method) => method.remove());
    for (const [id, method] of methods) fieldset.append(this.#method(id, method));
  }

  #method(id, { title, hint }) {
    const method = document.createElement("div");
    method.className = "method";
    method.innerHTML = `<label><input type="radio" name="method"><span><b></b><small></small></span></label><div class="panel"></div>`;
    method.querySelector("b").textContent = title;
    method.querySelector("small").textContent = hint;
    const radio = method.querySelector("input");
    radio.value = id;
    radio.addEventListener("change", () => this.#on.choose(id));
    return method;
  }

  showChoice(id) {
    for (const method of document.querySelectorAll(".method")) {
      const radio = method.querySelector("input");
      radio.checked = radio.value === id;
      method.classList.toggle("chosen", radio.checked);
    }
  }

  /** Return the element below a method's name. */
  panelOf(id) {
    return document.querySelector(`.method:has([name="method"][value="${id}"]) .panel`);
  }

  /** Say what pressing the button costs; `amount` null for a cart that costs nothing. */
  showAmount(amount, currencyCode) {
    element("methods").hidden = amount === null;
    element("pay").textContent = amount === null ? "Place order" : `Pay ${formatted(amount, currencyCode)}`;
  }

  showNote(text) {
    element("note").textContent = text;
  }

  say(message, { focus = null } = {}) {
    element("message").textContent = message;
    if (focus) document.querySelector(focus)?.focus();
  }

  set isBusy(isBusy) {
    document.body.ariaBusy = String(isBusy);
    element("pay").ariaDisabled = String(isBusy);
    for (const control of document.querySelectorAll("#region, #checkout :is(input, select)")) control.disabled = isBusy;
  }

  showForm() {
    this.#view("form");
  }

  showWaiting({ title, text }) {
    element("waiting-title").textContent = title;
    element("waiting-text").textContent = text;
    this.#view("waiting", "waiting");
  }

  showResult({ title, text, isOnItsWay = false, isMissing = false }, facts) {
    element("result-title").textContent = title;
    element("result-text").textContent = text;
    element("result").classList.toggle("on-its-way", isOnItsWay);
    element("result").classList.toggle("missing", isMissing);
    const rows = Object.entries(facts).filter(([, value]) => value);
    element("result-facts").replaceChildren(
      ...rows.map(([name, value]) => {
        const row = document.createElement("div");
        row.innerHTML = "<dt></dt><dd></dd>";
        row.firstChild.textContent = name;
        row.lastChild.textContent = value;
        return row;
      }),
    );
    this.#view("result", "result");
  }

  #view(name, focus = null) {
    if (document.body.dataset.view === name) return;
    document.body.dataset.view = name;
    if (focus) element(focus).focus({ preventScroll: false });
  }
}

function nameOf(product, variant) {
  return product.variants.length > 1 ? `${product.title} ${variant.title}` : product.title;
}
