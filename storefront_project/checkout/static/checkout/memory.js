/**
 * What this browser remembers: which cart is its own, and whether that cart's payment was sent off and never answered.
 * None of it says that anything is paid; only the server knows that.
 */

const CART = "checkout.cart";
const ATTEMPT = "checkout.attempt";

export const memory = {
  get cartId() {
    return localStorage.getItem(CART);
  },

  set cartId(id) {
    localStorage.setItem(CART, id);
    localStorage.removeItem(ATTEMPT);
  },

  /** The idempotency key of the attempt that is under way; null when none is. */
  get attempt() {
    return localStorage.getItem(ATTEMPT);
  },

  /** Return the key of the attempt that is under way, or begin one: a repeat must carry the key of what it repeats. */
  beginAttempt() {
    const key = this.attempt ?? newKey();
    localStorage.setItem(ATTEMPT, key);
    return key;
  },

  endAttempt() {
    localStorage.removeItem(ATTEMPT);
  },
};

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
