/** What is said to a customer. Each text says what became of the money, and what to do now. */

import { ConnectionLost, Incomplete, MethodUnavailable, PaymentFailed, Refusal } from "./errors.js";
import { formatted } from "./money.js";

export const CART_CHANGED = (amount) =>
  `Your cart has changed in the meantime. It comes to ${amount} now; nothing was charged. Please look it over and pay again.`;
export const CHOOSE_FIRST = "Please choose how you would like to pay.";
export const CART_EMPTY = "Your cart is empty. Add something before you pay.";
export const EMAIL_WRONG = "This doesn't look like an email address. Please check it, or leave it empty.";
export const NOT_PAID_YET =
  "The payment was not completed. You haven't been charged. You can try again, or pay another way.";

const OFFLINE =
  "We can't reach the shop just now. You haven't been charged. Please check your connection and try again.";
const UNREACHABLE =
  "This way to pay can't be reached just now. You haven't been charged. Please try again in a moment, or pay another way.";
const BROKEN = "Something went wrong on our side. You haven't been charged. Please try again in a moment.";
const BUSY =
  "The shop is still at work on an earlier request of yours. Please try again in a moment; nothing is paid twice.";
const DECLINED = "You haven't been charged. You can try again, or pay another way.";

const BY_STATUS = {
  requires_more:
    "Your bank wants you to confirm this payment, and that didn't happen. You haven't been charged. Please try again.",
  canceled: "This payment was canceled. You haven't been charged. You can try again, or pay another way.",
};

/** Return what to say about an error after which nothing is charged, or nothing more than an earlier request did. */
export function messageFor(error) {
  if (error instanceof Incomplete) return error.message;
  if (error instanceof PaymentFailed) return `${sentence(error.message)} ${DECLINED}`;
  if (error.type === "payment_authorization_error") return error.message;
  if (error instanceof MethodUnavailable || error.status === 503) return UNREACHABLE;
  if (error instanceof ConnectionLost) return OFFLINE;
  if (error.isBusy) return BUSY;
  if (error.type === "not_allowed") return BY_STATUS[error.details.status] ?? NOT_PAID_YET;
  if (error instanceof Refusal && error.status < 500) return `${error.message} You haven't been charged.`;
  return BROKEN;
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export const CLOSED = {
  title: "We can't reach the shop just now",
  text: "Nothing was charged. Your cart is safe: please load this page again in a moment.",
};

export const ROUNDED_UP = (amount) => `For this way to pay it is rounded up to ${amount}.`;

export const FINDING_OUT = {
  title: "We are finding out what became of your payment",
  text: "The answer got lost on its way. Please don't pay again: we keep asking, and this page tells you as soon as we know. You may close it and come back.",
};

export const PAYING = { title: "One moment …", text: "Your payment is being checked. Please keep this page open." };

const PAID = "Thank you! Your order is placed.";

/** Return what to say about an order: title, text, and whether money is still on its way, or missing. */
export function orderMessage(order) {
  const amount = formatted(order.total, order.currency_code);
  if (order.payment_status === "awaiting") {
    return {
      title: "Thank you! Your payment is on its way.",
      text: `We have your order. Your bank takes a few days to send us ${amount}; we'll tell you when it has arrived. There is nothing more to do.`,
      isOnItsWay: true,
    };
  }
  if (order.payment_status === "canceled" || order.payment_status === "not_paid") {
    if (order.total)
      return {
        title: "Your payment didn't arrive",
        text: `We have your order, but not your payment of ${amount}. Please contact us: we'll find a way.`,
        isMissing: true,
      };
  }
  if (isPaidLater(order)) return { title: PAID, text: `You pay ${amount} when it is delivered, or by bank transfer.` };
  if (!order.total) return { title: PAID, text: "There is nothing to pay." };
  return { title: PAID, text: `Your payment of ${paidAmount(order)} went through.` };
}

function isPaidLater(order) {
  const payments = order.payment_collections.flatMap((collection) => collection.payments);
  return payments.length > 0 && payments.every((payment) => payment.provider_id === "pp_system_default");
}

function paidAmount(order) {
  const amounts = order.payment_collections.map(
    (collection) => collection.authorized_amount || collection.captured_amount,
  );
  return formatted(Math.max(order.total, ...amounts), order.currency_code);
}
