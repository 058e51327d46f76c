/** Medusa's v1 client, unmodified, its base URL pointed at `/v1`: a split checkout, a partial failure, a back office. */

import assert from "node:assert/strict"
import { createRequire } from "node:module"
import { test } from "node:test"

import { FAKE, SYSTEM, cartWith, storefront } from "./shop.mjs"

// The package's ES module doesn't load in Node; its CommonJS one does.
const { default: MedusaV1 } = createRequire(import.meta.url)("@medusajs/medusa-js")

const { MEDUSA_BACKEND_URL: url, MEDUSA_SECRET_KEY: apiKey } = process.env
const shopper = new MedusaV1({ baseUrl: `${url}/v1`, maxRetries: 3 })
const staff = new MedusaV1({ baseUrl: `${url}/v1`, maxRetries: 3, apiKey })
const v2 = storefront()

/** Return the id of a collection of 100, for a cart of the demo shop; v1 has no route that makes one. */
async function collectionOf100() {
  const cart = await cartWith(v2, { variant_mug: 10 })
  const { payment_collection } = await v2.client.fetch("/store/payment-collections", {
    method: "POST",
    body: { cart_id: cart.id },
  })
  return payment_collection.id
}

async function refusedWith(call, status, message) {
  await assert.rejects(call, ({ response }) => {
    assert.deepEqual([response.status, response.data.message], [status, message])
    return true
  })
}

test("two sessions pay one collection, the staff captures both and refunds one", async () => {
  const id = await collectionOf100()

  const { payment_collection: split } = await shopper.paymentCollections.managePaymentSessionsBatch(id, {
    sessions: [
      { provider_id: "fake_fake", amount: 6000 },
      { provider_id: "manual", amount: 4000 },
    ],
  })
  assert.deepEqual(
    split.payment_sessions.map((session) => [session.provider_id, session.amount, session.status]),
    [
      ["fake_fake", 6000, "pending"],
      ["manual", 4000, "pending"],
    ],
  )

  const session_ids = split.payment_sessions.map((session) => session.id)
  const { payment_collection: paid } = await shopper.paymentCollections.authorizePaymentSessionsBatch(id, {
    session_ids,
  })
  assert.deepEqual([paid.status, paid.authorized_amount], ["authorized", 10000])
  const { payment_collection: seen } = await shopper.paymentCollections.retrieve(id)
  assert.deepEqual([seen.id, seen.status, seen.payment_sessions.length], [id, "authorized", 2])

  const { payment_collection: known } = await staff.admin.paymentCollections.retrieve(id)
  for (const { id: paymentId } of known.payments) {
    const { payment } = await staff.admin.payments.capturePayment(paymentId)
    assert.ok(payment.captured_at)
  }
  const { refund } = await staff.admin.payments.refundPayment(known.payments[0].id, {
    amount: 1000,
    reason: "return",
    note: "Sorry",
  })
  assert.deepEqual([refund.amount, refund.reason, refund.note], [1000, "return", "Sorry"])
  const { payment } = await staff.admin.payments.retrieve(known.payments[0].id)
  assert.equal(payment.amount_refunded, 1000)
})

test("one of two is declined: refreshed, replaced, and the first one kept", async () => {
  const id = await collectionOf100()
  await v2.client.fetch(`/store/payment-collections/${id}/payment-sessions/batch`, {
    method: "POST",
    body: {
      sessions: [
        { provider_id: SYSTEM, amount: 60 },
        { provider_id: FAKE, amount: 40, data: { outcome: "declined" } },
      ],
    },
  })
  const { payment_collection: before } = await shopper.paymentCollections.retrieve(id)
  const [first, second] = before.payment_sessions

  const { payment_session } = await shopper.paymentCollections.authorizePaymentSession(id, first.id)
  assert.equal(payment_session.status, "authorized")
  await refusedWith(
    shopper.paymentCollections.authorizePaymentSession(id, second.id),
    422,
    `Failed to authorize Payment Session id "${second.id}"`,
  )

  const { payment_session: fresh } = await shopper.paymentCollections.refreshPaymentSession(id, second.id)
  assert.notEqual(fresh.id, second.id)
  assert.deepEqual([fresh.amount, fresh.status], [4000, "pending"])
  await refusedWith(
    shopper.paymentCollections.managePaymentSession(id, { provider_id: "manual" }),
    400,
    "Cannot set payment sessions for a payment collection with status partially_authorized",
  )
  const { payment_collection: changed } = await shopper.paymentCollections.managePaymentSessionsBatch(id, {
    sessions: [
      { provider_id: "manual", amount: 6000, session_id: first.id },
      { provider_id: "manual", amount: 4000 },
    ],
  })
  const rest = changed.payment_sessions[1]
  const { payment_session: last } = await shopper.paymentCollections.authorizePaymentSession(id, rest.id)
  assert.equal(last.status, "authorized")
  assert.equal((await shopper.paymentCollections.retrieve(id)).payment_collection.status, "authorized")
})

test("the staff notes something, marks one as authorized, and deletes another", async () => {
  const id = await collectionOf100()

  const { payment_collection: noted } = await staff.admin.paymentCollections.update(id, {
    description: "Two mugs more",
    metadata: { ticket: "4711" },
  })
  assert.deepEqual([noted.description, noted.metadata], ["Two mugs more", { ticket: "4711" }])
  const { payment_collection: marked } = await staff.admin.paymentCollections.markAsAuthorized(id)
  assert.deepEqual([marked.status, marked.authorized_amount], ["authorized", 10000])
  await refusedWith(
    staff.admin.paymentCollections.delete(id),
    400,
    "Cannot delete payment collection with status authorized",
  )
  const other = await collectionOf100()
  const deleted = await staff.admin.paymentCollections.delete(other)
  assert.deepEqual([deleted.id, deleted.object, deleted.deleted], [other, "payment_collection", true])
})

test("the back office needs a key", async () => {
  await assert.rejects(shopper.admin.paymentCollections.retrieve("pay_col_1"), ({ response }) => response.status === 401)
})
