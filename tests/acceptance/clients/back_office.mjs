/** A back office's day, its payments: found, captured in parts and refunded, by the SDK's own methods. */

import assert from "node:assert/strict"
import { test } from "node:test"

import {
  FAKE,
  authorized,
  authorizedPayment,
  backOffice,
  begunSession,
  cartWith,
  moneyMoved,
  refused,
  storefront,
  strangerAtTheBackOffice,
} from "./shop.mjs"

const shop = storefront()
const { admin } = await backOffice()

const ids = (documents) => documents.map((document) => document.id)
const amounts = (documents) => documents.map((document) => document.amount)

test("nobody gets in without a login", async () => {
  const stranger = strangerAtTheBackOffice()

  await refused(stranger.admin.payment.list(), 401, "Unauthorized")
  await refused(
    stranger.auth.login("user", "emailpass", { email: "admin@example.com", password: "wrong" }),
    401,
    "Invalid email or password",
  )
})

test("logging out ends what the login began", async () => {
  const sdk = await backOffice()
  await sdk.admin.payment.list({ limit: 0 })

  await sdk.auth.logout()

  await refused(sdk.admin.payment.list(), 401, "Unauthorized")
})

test("payments are found by id, by session and by time, page by page", async () => {
  const [first, second, third] = [
    await authorizedPayment(shop),
    await authorizedPayment(shop),
    await authorizedPayment(shop),
  ]
  const mine = { id: [first, second, third] }

  const all = await admin.payment.list(mine)
  const { payment } = await admin.payment.retrieve(second)

  assert.deepEqual([ids(all.payments), all.count, all.offset, all.limit], [mine.id, 3, 0, 20])
  for (const [query, found] of [
    [{ id: first }, [first]],
    [{ payment_session_id: payment.payment_session_id }, [second]],
    [{ payment_session_id: [payment.payment_session_id, "payses_unknown"] }, [second]],
    [{ ...mine, order: "-id", limit: 2 }, [third, second]],
    [{ ...mine, order: "created_at", limit: 1, offset: 1 }, [second]],
    [{ ...mine, created_at: { $gt: payment.created_at } }, [third]],
    [{ ...mine, created_at: { $gte: payment.created_at, $lte: payment.created_at } }, [second]],
    [{ ...mine, created_at: { $lt: payment.created_at } }, [first]],
    [{ ...mine, updated_at: { $gt: "2000-01-01T00:00:00Z" } }, mine.id],
    [{ id: { $in: [first, third] } }, [first, third]],
    [{ ...mine, $or: [{ id: first }, { payment_session_id: payment.payment_session_id }] }, [first, second]],
    [{ $and: [{ id: [first, second] }, { id: { $ne: first } }] }, [second]],
    [{ ...mine, deleted_at: { $gt: "2000-01-01T00:00:00Z" } }, []],
    [{ ...mine, limit: 0 }, []],
    [{ id: "pay_unknown" }, []],
  ]) {
    assert.deepEqual(ids((await admin.payment.list(query)).payments), found, JSON.stringify(query))
  }
})

test("a filter that payments don't have is refused", async () => {
  await refused(
    admin.payment.list({ provider_id: FAKE }),
    400,
    "Invalid request: Unrecognized fields: 'provider_id'",
  )
  await refused(admin.payment.list({ order: "secret" }), 400, /secret/)
  await refused(admin.payment.list({ limit: -1 }), 400, /limit/)
})

test("`fields` narrows and widens a payment", async () => {
  const id = await authorizedPayment(shop)

  const { payment: whole } = await admin.payment.retrieve(id)
  const { payment: narrow } = await admin.payment.retrieve(id, { fields: "amount,payment_collection.status" })
  const { payment: wide } = await admin.payment.retrieve(id, { fields: "+payment_session.status,-captures" })
  const { payments } = await admin.payment.list({ id, fields: "amount,*payment_session" })

  assert.deepEqual([whole.amount, whole.currency_code, whole.captures, whole.refunds], [100, "eur", [], []])
  assert.deepEqual(narrow, {
    id,
    amount: 100,
    payment_collection: { id: whole.payment_collection_id, status: "authorized" },
    payment_collection_id: whole.payment_collection_id,
  })
  assert.equal(wide.payment_session.status, "authorized")
  assert.equal("captures" in wide, false)
  assert.equal(payments[0].payment_session.amount, 100)
})

test("an unknown payment", async () => {
  await refused(admin.payment.retrieve("pay_unknown"), 404, "Payment with id: pay_unknown was not found")
  await refused(admin.payment.capture("pay_unknown"), 404, "Payment with id: pay_unknown was not found")
  await refused(admin.payment.refund("pay_unknown"), 404, "Payment id not found: pay_unknown")
})

for (const [regionId, total, parts, rest, back] of [
  ["reg_eu", 59.97, [20.01, 0.1], 39.86, 10.11],
  ["reg_jp", 5997, [2001, 10], 3986, 1011],
  ["reg_kw", 15.375, [5.001, 0.001], 10.373, 1.125],
]) {
  test(`captures in parts and refunds in parts, exact to the last digit in ${regionId}`, async () => {
    const id = await paymentOfThreeShirts(regionId)

    const captured = await capturesInParts(id, total, parts, rest)
    const refunded = await refundsInParts(id, total, back)

    assert.deepEqual(ids(refunded.captures), ids(captured.captures))
  })
}

async function paymentOfThreeShirts(regionId) {
  const session = await begunSession(shop, await cartWith(shop, { variant_tshirt_s: 3 }, regionId))
  return (await authorized(shop, session)).id
}

async function capturesInParts(id, total, parts, rest) {
  for (const amount of parts) {
    const { payment } = await admin.payment.capture(id, { amount })
    assert.equal(payment.captured_at, null)
  }
  const { payment: captured } = await admin.payment.capture(id, undefined)
  assert.deepEqual(amounts(captured.captures), [...parts, rest])
  assert.deepEqual([captured.amount, captured.captured_amount], [total, total])
  assert.notEqual(captured.captured_at, null)
  const { payment: again } = await admin.payment.capture(id, undefined)
  assert.deepEqual(again, captured)
  return captured
}

async function refundsInParts(id, total, back) {
  const { payment: partly } = await admin.payment.refund(id, { amount: back })
  assert.deepEqual([partly.refunded_amount, amounts(partly.refunds)], [back, [back]])
  const { payment: wholly } = await admin.payment.refund(id)
  assert.equal(wholly.refunded_amount, total)
  assert.equal(wholly.refunds.length, 2)
  return wholly
}

test("nothing is captured or refunded beyond the limits", async () => {
  const id = await authorizedPayment(shop)
  await admin.payment.capture(id, { amount: 60 })

  await refused(
    admin.payment.capture(id, { amount: 40.01 }),
    400,
    "You cannot capture more than the authorized amount substracted by what is already captured.",
  )
  await refused(
    admin.payment.refund(id, { amount: 60.01 }),
    400,
    "You are not allowed to refund more than the captured amount",
  )
  await refused(
    admin.payment.capture(id, { amount: 0 }),
    400,
    "Invalid request: Value for field 'amount' too small, expected at least: '0'",
  )
  const { payment } = await admin.payment.retrieve(id)
  assert.deepEqual([payment.captured_amount, payment.refunded_amount], [60, 0])
})

test("a refund that takes days is there from the request on, and what is left is without it", async () => {
  const id = await authorizedPayment(shop, { on: "refund", outcome: "pending" })
  await admin.payment.capture(id)

  await admin.payment.refund(id, { amount: 40 })

  const { payment } = await admin.payment.retrieve(id)
  const [refund] = payment.refunds
  assert.match(refund.id, /^ref_/)
  assert.deepEqual([refund.status, refund.amount, payment.refunded_amount], ["pending", 40, 0])
  assert.deepEqual([payment.refunding_amount, payment.refundable_amount], [40, 60])
  // What Medusa's dashboard computes: all captures less all refunds.
  const sum = (rows) => amounts(rows).reduce((total, amount) => total + amount, 0)
  assert.equal(sum(payment.captures) - sum(payment.refunds), 60)
})

test("a refund keeps its reason, its note and who made it", async () => {
  const { refund_reason: reason } = await admin.refundReason.create({ label: "Dented", code: `dented_${Date.now()}` })
  const id = await authorizedPayment(shop)
  await admin.payment.capture(id)

  const body = { amount: 12.5, refund_reason_id: reason.id, note: "Sorry for the dented box." }
  const { payment } = await admin.payment.refund(id, body, { fields: "*refunds,*refunds.refund_reason" })

  const [refund] = payment.refunds
  assert.deepEqual([refund.amount, refund.note], [12.5, "Sorry for the dented box."])
  assert.deepEqual([refund.refund_reason.id, refund.refund_reason.label], [reason.id, "Dented"])
  assert.match(refund.created_by, /.+/)
  await refused(
    admin.payment.refund(id, { amount: 1, refund_reason_id: "refr_unknown" }),
    404,
    "RefundReason id not found: refr_unknown",
  )
})

test("a request repeated under its Idempotency-Key moves the money once", async () => {
  const cart = await cartWith(shop, { variant_mug: 10 })
  const session = await begunSession(shop, cart, { outcome: "timeout_after", on: "capture" })
  const { id } = await authorized(shop, session)
  const capture = (amount) => admin.payment.capture(id, { amount }, {}, { "Idempotency-Key": `capture-${id}` })

  await refused(capture(30), 409, /.+/)
  const { payment } = await capture(30)
  const { payment: again } = await capture(30)

  assert.deepEqual(amounts(payment.captures), [30])
  assert.deepEqual(ids(again.captures), ids(payment.captures))
  await refused(capture(31), 422, /.+/)
  const captured = (await moneyMoved(shop, session)).filter(([verb]) => verb === "capture")
  assert.deepEqual(captured, [["capture", 3000]])
})
