/** The form of the Payment Element: a choice among the ways to pay, and what each of them asks for. */

const STYLE = `
  :host { display: block; font: 1rem/1.5 system-ui, sans-serif; color: CanvasText; }
  * { box-sizing: border-box; }
  fieldset { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 .75rem; padding: 0; border: 0; }
  fieldset label { position: relative; flex: 1 1 6rem; padding: .55rem .75rem; border: 1px solid #8886; border-radius: .6rem; text-align: center; cursor: pointer; }
  fieldset input { position: absolute; inset: 0; opacity: 0; cursor: pointer; }
  fieldset label:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); font-weight: 600; }
  fieldset label:has(:focus-visible), .field input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .grid { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
  .field { display: block; font-size: .9rem; }
  .field.wide, p { grid-column: 1 / -1; }
  .field input { display: block; width: 100%; min-height: 2.75rem; margin-top: .2rem; padding: .5rem .75rem; border: 1px solid #8886;
    border-radius: .6rem; background: Field; color: FieldText; font: inherit; font-size: 1rem; }
  .field input[aria-invalid="true"] { border-color: #d0342c; }
  p { margin: 0; }
  small { display: block; margin-top: .75rem; opacity: .8; }
  [hidden] { display: none !important; }`;

const CARD_HINT =
  "Stripe's test cards: 4242 4242 4242 4242 is paid, 4000 0000 0000 0002 is declined, 4000 0027 6000 3184 asks you to approve.";
const DEBIT_HINT = "A test account: DE89 3704 0044 0532 0130 00.";

const digits = (text) => text.replace(/\D/g, "");
const grouped = (text) =>
  digits(text)
    .slice(0, 19)
    .replace(/(.{4})(?=.)/g, "$1 ");
const dated = (text) =>
  digits(text)
    .slice(0, 4)
    .replace(/^(\d\d)(?=\d)/, "$1 / ");

const CARD = [
  { name: "number", label: "Card number", autocomplete: "cc-number", shape: grouped, isWide: true, check: cardNumber },
  { name: "expiry", label: "Expiry (MM / YY)", autocomplete: "cc-exp", shape: dated, check: expiry },
  {
    name: "cvc",
    label: "Security code",
    autocomplete: "cc-csc",
    shape: (text) => digits(text).slice(0, 4),
    check: securityCode,
  },
];

const DEBIT = [
  {
    name: "iban",
    label: "IBAN",
    autocomplete: "off",
    isWide: true,
    check: (text) => (text.replace(/\s/g, "").length < 15 ? ["incomplete_iban", "Your IBAN is incomplete."] : null),
  },
  {
    name: "name",
    label: "Name of the account's owner",
    autocomplete: "name",
    isWide: true,
    check: (text) => (text ? null : ["incomplete_name", "Please provide your full name."]),
  },
  {
    name: "email",
    label: "Email for the debit's notice",
    autocomplete: "email",
    isWide: true,
    check: (text) => (/\S+@\S+/.test(text) ? null : ["incomplete_email", "Please provide your email."]),
  },
];

const METHODS = {
  card: {
    title: "Card",
    inputs: CARD,
    hint: CARD_HINT,
    data: ({ number, expiry: until, cvc }) => ({
      card: {
        number: digits(number),
        exp_month: digits(until).slice(0, 2),
        exp_year: `20${digits(until).slice(2)}`,
        cvc,
      },
    }),
  },
  sepa_debit: {
    title: "SEPA debit",
    inputs: DEBIT,
    hint: DEBIT_HINT,
    data: ({ iban, name, email }) => ({
      sepa_debit: { iban: iban.replace(/\s/g, "") },
      billing_details: { name, email },
    }),
  },
  ...Object.fromEntries(
    Object.entries({
      bancontact: "Bancontact",
      eps: "EPS",
      giropay: "giropay",
      ideal: "iDEAL",
      klarna: "Klarna",
      p24: "Przelewy24",
      paypal: "PayPal",
    }).map(([type, title]) => [
      type,
      {
        title,
        inputs: [],
        text: `After you press the button you go to ${title}, pay there, and come back.`,
        data: () => ({}),
      },
    ]),
  ),
};

export class PaymentForm {
  #root;
  #changed;
  #types = [];
  #type = null;

  constructor(host, appearance, changed) {
    this.#root = host.attachShadow({ mode: "open" });
    this.#changed = changed;
    host.style.setProperty("--accent", appearance?.variables?.colorPrimary ?? "#4b3fc4");
  }

  /** Offer these ways to pay; what was typed stays while its way stays. */
  show(types) {
    const known = types.filter((type) => METHODS[type]);
    if (known.join() === this.#types.join()) return;
    this.#types = known;
    this.#root.innerHTML = `<style>${STYLE}</style><fieldset aria-label="Way to pay"></fieldset><div class="grid"></div><small></small>`;
    this.#root.querySelector("fieldset").hidden = known.length < 2;
    this.#root.querySelector("fieldset").append(...known.map((type) => this.#tab(type)));
    this.#choose(known[0]);
  }

  focus() {
    this.#root.querySelector(".grid input, fieldset input")?.focus();
  }

  check() {
    const method = METHODS[this.#type];
    const inputs = [...this.#root.querySelectorAll(".grid input")];
    const complaints = method.inputs.map((field, place) => field.check(inputs[place].value.trim()));
    inputs.forEach((input, place) => (input.ariaInvalid = String(complaints[place] !== null)));
    const first = complaints.findIndex((complaint) => complaint !== null);
    if (first >= 0) {
      inputs[first].focus();
      return { error: { type: "validation_error", code: complaints[first][0], message: complaints[first][1] } };
    }
    const typed = Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()]));
    return { type: this.#type, data: { type: this.#type, ...method.data(typed) } };
  }

  #tab(type) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "type", value: type });
    input.addEventListener("change", () => this.#choose(type));
    label.append(input, METHODS[type].title);
    return label;
  }

  #choose(type) {
    this.#type = type;
    const { inputs, text, hint } = METHODS[type];
    for (const input of this.#root.querySelectorAll("fieldset input")) input.checked = input.value === type;
    const content = text
      ? [Object.assign(document.createElement("p"), { textContent: text })]
      : inputs.map((field) => this.#field(field));
    this.#root.querySelector(".grid").replaceChildren(...content);
    this.#root.querySelector("small").textContent = hint ?? "";
    this.#tell();
  }

  #field({ name, label: title, autocomplete, shape, isWide, check }) {
    const label = Object.assign(document.createElement("label"), {
      className: isWide ? "field wide" : "field",
      textContent: title,
    });
    const input = Object.assign(document.createElement("input"), {
      name,
      autocomplete,
      inputMode: shape ? "numeric" : "text",
      spellcheck: false,
    });
    input.addEventListener("input", () => {
      if (shape) input.value = shape(input.value);
      if (input.ariaInvalid === "true") input.ariaInvalid = String(check(input.value.trim()) !== null);
      this.#tell();
    });
    label.append(input);
    return label;
  }

  #tell() {
    const inputs = [...this.#root.querySelectorAll(".grid input")];
    const fields = METHODS[this.#type].inputs;
    const complete = fields.every((field, place) => field.check(inputs[place].value.trim()) === null);
    const empty = inputs.length > 0 && inputs.every((input) => !input.value);
    this.#changed({ complete, empty, collapsed: false, value: { type: this.#type } });
  }
}

function cardNumber(text) {
  const number = digits(text);
  if (number.length < 14) return ["incomplete_number", "Your card number is incomplete."];
  const sum = [...number].reverse().reduce((total, digit, place) => {
    const doubled = place % 2 ? 2 * digit : Number(digit);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 ? ["invalid_number", "Your card number is invalid."] : null;
}

function expiry(text) {
  const [month, year] = [Number(digits(text).slice(0, 2)), Number(digits(text).slice(2))];
  if (digits(text).length < 4 || month < 1 || month > 12)
    return ["incomplete_expiry", "Your card's expiration date is incomplete."];
  const isOver = new Date(2000 + year, month) <= new Date();
  return isOver ? ["invalid_expiry_year_past", "Your card's expiration year is in the past."] : null;
}

function securityCode(text) {
  return text.length < 3 ? ["incomplete_cvc", "Your card's security code is incomplete."] : null;
}
