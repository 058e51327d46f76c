/** What can go wrong, by what it says about the money. */

/**
 * The shop answered that it can't be done. `message` is what it says to customers; `retryAfter` is in seconds, where the
 * shop says when to ask again.
 */
export class Refusal extends Error {
  constructor(status, { shopper_message: message = "That didn't work.", type, code, details } = {}, retryAfter = null) {
    super(message);
    Object.assign(this, { status, type, code, details: details ?? {}, retryAfter });
  }

  /** Whether another request is at work on the same, or what an earlier one did isn't known yet: ask again. */
  get isBusy() {
    return this.status === 409 && this.code !== "cart_changed";
  }

  /** Whether the payment may have gone through all the same, or still be under way. */
  get isUnknown() {
    return this.isBusy || (this.status >= 500 && this.status !== 503);
  }
}

/** No answer came: what was asked for may have been done or not. */
export class ConnectionLost extends Error {
  isUnknown = true;
}

/** The bank or the payment service told the customer that nothing was paid. */
export class PaymentFailed extends Error {}

/** What was typed in isn't complete; nothing was sent. */
export class Incomplete extends Error {}

/** The payment service can't be reached from this browser; nothing was sent. */
export class MethodUnavailable extends Error {}
