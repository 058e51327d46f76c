/** The demo shop as a client of the published SDK meets it. Amounts are in major units, as the SDK hands them over. */

import assert from "node:assert/strict"

import Medusa, { FetchError } from "@medusajs/js-sdk"

import { fetchFrom } from "./browser.mjs"

const { MEDUSA_BACKEND_URL: baseUrl, BROWSER_ORIGIN: browserOrigin } = process.env

if (browserOrigin) {
  globalThis.fetch = fetchFrom(browserOrigin)
}

export const FAKE = "pp_fake_fake"
export const STRIPE = ["pp_stripe-ideal_stripe", "pp_stripe-sepa-debit_stripe", "pp_stripe_stripe"]
export const SYSTEM = "pp_system_default"

export function storefront(publishableKey = "pk_demo") {
  return new Medusa({ baseUrl, publishableKey })
}

export function strangerAtTheBackOffice() {
  return new Medusa({ baseUrl, auth: { type: "jwt", jwtTokenStorageMethod: "memory" } })
}

export async function backOffice() {
  const sdk = strangerAtTheBackOffice()
  await sdk.auth.login("user", "emailpass", { email: "admin@example.com", password: "admin" })
  return sdk
}

/** Return a cart with pieces of the variants: `{ variant_mug: 10 }` costs 100 in every currency. */
export async function cartWith(sdk, quantities, regionId = "reg_eu") {
  const items = Object.entries(quantities).map(([variant_id, quantity]) => ({ variant_id, quantity }))
  const { cart } = await sdk.store.cart.create({ region_id: regionId, items })
  return cart
}

/** Return the live session of a cart that the customer has begun to pay; `data` steers the fake provider. */
export async function begunSession(sdk, cart, data = {}, providerId = FAKE) {
  const body = { provider_id: providerId, data }
  const { payment_collection } = await sdk.store.payment.initiatePaymentSession(cart, body)
  assert.equal(payment_collection.payment_sessions.length, 1)
  return payment_collection.payment_sessions[0]
}

export async function currentCart(sdk, cart) {
  return (await sdk.store.cart.retrieve(cart.id)).cart
}

/** Return the order of a cart of 100 that was paid for with the fake provider. */
export async function placedOrder(sdk, data = {}) {
  const cart = await cartWith(sdk, { variant_mug: 10 })
  await begunSession(sdk, cart, data)
  const { type, order } = await sdk.store.cart.complete(cart.id)
  assert.equal(type, "order")
  return order
}

/** Return the id of a payment for a cart of 100, authorized with the fake provider and not captured. */
export async function authorizedPayment(sdk, data = {}) {
  const session = await begunSession(sdk, await cartWith(sdk, { variant_mug: 10 }), data)
  return (await authorized(sdk, session)).id
}

/** Return the payment of a session: its customer has done their part, and the storefront asks what came of it. */
export async function authorized(sdk, session) {
  const path = `/store/payment-collections/${session.payment_collection_id}/payment-sessions/${session.id}/authorize`
  const { payment_collection } = await sdk.client.fetch(path, { method: "POST" })
  return payment_collection.payments[0]
}

/** Return `[verb, minor units]` of every call that moved something at the fake provider for a session. */
export async function moneyMoved(sdk, session) {
  const { entries } = await sdk.client.fetch("/fake-provider/ledger")
  const ofSession = entries.filter((entry) => entry.session_id === session.id)
  return ofSession.map((entry) => [entry.verb, entry.amount])
}

/** Expect the SDK to throw what it throws for an answer of the API that is an error. */
export async function refused(call, status, message) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof FetchError, `${error}`)
    assert.equal(error.status, status, error.message)
    message instanceof RegExp ? assert.match(error.message, message) : assert.equal(error.message, message)
    return true
  })
}
