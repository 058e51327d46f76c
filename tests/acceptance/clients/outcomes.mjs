/** How a checkout goes when it doesn't go well: what the SDK throws, and what becomes of the cart and the money. */

import assert from "node:assert/strict"
import { test } from "node:test"

import {
  authorized,
  authorizedPayment,
  backOffice,
  begunSession,
  cartWith,
  currentCart,
  moneyMoved,
  placedOrder,
  refused,
  storefront,
} from "./shop.mjs"

const sdk = storefront()

test("a declined payment leaves the cart open, and another attempt places the order", async () => {
  const cart = await cartWith(sdk, { variant_mug: 10 })
  const session = await begunSession(sdk, cart, { outcome: "declined" })

  const declined = await sdk.store.cart.complete(cart.id)

  assert.equal(declined.type, "cart")
  assert.equal(declined.cart.id, cart.id)
  assert.equal(declined.error.type, "payment_authorization_error")
  assert.equal(declined.error.message, "The payment was declined.")
  await begunSession(sdk, await currentCart(sdk, cart), { outcome: "authorized" })
  assert.equal((await sdk.store.cart.complete(cart.id)).type, "order")
  const atProvider = (await moneyMoved(sdk, session)).filter(([verb]) => verb === "authorize")
  assert.deepEqual(atProvider, [["authorize", 10000]])
})

test("a declined authorization is a FetchError with a status and a message fit to show", async () => {
  const cart = await cartWith(sdk, { variant_mug: 1 })
  const session = await begunSession(sdk, cart, { outcome: "declined" })

  await refused(authorized(sdk, session), 422, "The payment was declined.")
})

for (const outcome of ["requires_more", "pending", "error", "canceled"]) {
  test(`an authorization that ends as ${outcome} places no order`, async () => {
    const cart = await cartWith(sdk, { variant_mug: 1 })
    const session = await begunSession(sdk, cart, { outcome })

    await refused(
      sdk.store.cart.complete(cart.id),
      400,
      `Session: ${session.id} was not authorized with the provider.`,
    )

    const { payment_collection } = await currentCart(sdk, cart)
    const [kept] = payment_collection.payment_sessions
    assert.deepEqual([kept.id, kept.status], [session.id, outcome])
  })
}

test("an authorization that is decided later places an order that awaits its payment", async () => {
  const order = await placedOrder(sdk, { outcome: "pending_authorization" })

  assert.equal(order.payment_status, "awaiting")
  assert.equal(order.payment_collections[0].status, "awaiting")
})

test("a payment captured at once places a captured order", async () => {
  const order = await placedOrder(sdk, { outcome: "captured" })

  assert.equal(order.payment_status, "captured")
  assert.equal(order.payment_collections[0].captured_amount, 100)
})

test("an answer lost on the way back is found again, and the money moved once", async () => {
  const cart = await cartWith(sdk, { variant_mug: 10 })
  const session = await begunSession(sdk, cart, { outcome: "timeout_after" })

  await refused(sdk.store.cart.complete(cart.id), 409, /.+/)
  const { type } = await sdk.store.cart.complete(cart.id)

  assert.equal(type, "order")
  assert.deepEqual(await moneyMoved(sdk, session), [
    ["initiate", 10000],
    ["authorize", 10000],
  ])
})

test("completing without a payment is refused", async () => {
  const cart = await cartWith(sdk, { variant_mug: 1 })

  await refused(
    sdk.store.cart.complete(cart.id),
    400,
    "Payment collection has not been initiated for cart",
  )
})

test("wrong and missing publishable keys", async () => {
  await refused(
    storefront("pk_wrong").store.region.list(),
    400,
    "A valid publishable key is required to proceed with the request",
  )
  await refused(storefront("").store.region.list(), 400, /^Publishable API key required in the request header/)
})

test("unknown carts and providers", async () => {
  const cart = await cartWith(sdk, { variant_mug: 1 })

  await refused(begunSession(sdk, { id: "cart_unknown" }), 404, "Cart id not found: cart_unknown")
  await refused(
    begunSession(sdk, cart, {}, "pp_unknown_unknown"),
    400,
    "Payment provider pp_unknown_unknown is not enabled in the cart's region reg_eu.",
  )
  await refused(sdk.store.payment.listPaymentProviders({}), 400, "Invalid request: Field 'region_id' is required")
})

test("the storefront learns nothing of the staff", async () => {
  const payment = await authorized(sdk, await begunSession(sdk, await cartWith(sdk, { variant_mug: 10 })))
  const { admin } = await backOffice()
  await admin.payment.capture(payment.id)

  const query = { fields: "*payments,*payments.captures" }
  const path = `/store/payment-collections/${payment.payment_collection_id}`
  const { payment_collection } = await sdk.client.fetch(path, { query })

  const [capture] = payment_collection.payments[0].captures
  assert.deepEqual([capture.amount, capture.created_by], [100, null])
})

test("a storefront can't capture", async () => {
  const paymentId = await authorizedPayment(sdk)

  await refused(sdk.admin.payment.capture(paymentId), 401, "Unauthorized")
})
