/** A back office's day, around its payments: providers, refund reasons, and the further collections of an order. */

import assert from "node:assert/strict"
import { test } from "node:test"

import { FAKE, STRIPE, SYSTEM, backOffice, placedOrder, refused, storefront } from "./shop.mjs"

const shop = storefront()
const { admin } = await backOffice()

const ids = (documents) => documents.map((document) => document.id)

test("payment providers", async () => {
  const { payment_providers, count, limit, offset } = await admin.payment.listPaymentProviders()
  const { payment_providers: one } = await admin.payment.listPaymentProviders({ id: FAKE, is_enabled: true })
  const { payment_providers: two } = await admin.payment.listPaymentProviders({ id: [FAKE, SYSTEM] })
  const { payment_providers: none } = await admin.payment.listPaymentProviders({ is_enabled: false })

  assert.deepEqual(ids(payment_providers).toSorted(), [FAKE, ...STRIPE, SYSTEM])
  assert.deepEqual([count, limit, offset], [5, 20, 0])
  assert.deepEqual(one, [{ id: FAKE, is_enabled: true }])
  assert.equal(two.length, 2)
  assert.deepEqual(none, [])
})

test("refund reasons are kept", async () => {
  const code = `shipping_${Date.now()}`
  const body = { label: "Shipping delay", code, description: "It came late" }

  const { refund_reason: made } = await admin.refundReason.create(body)
  assert.deepEqual([made.label, made.code, made.description], Object.values(body))
  const { refund_reason: changed } = await admin.refundReason.update(made.id, { label: "Late", description: null })
  assert.deepEqual([changed.label, changed.code, changed.description], ["Late", code, null])
  assert.deepEqual((await admin.refundReason.retrieve(made.id)).refund_reason, changed)
  const found = await admin.refundReason.list({ q: code.toUpperCase() })
  assert.deepEqual([ids(found.refund_reasons), found.count, found.limit], [[made.id], 1, 15])
  const { refund_reason: short } = await admin.refundReason.retrieve(made.id, { fields: "label" })
  assert.deepEqual(short, { id: made.id, label: "Late" })
  await refused(admin.refundReason.create(body), 422, /.+/)

  const removal = await admin.refundReason.delete(made.id)

  assert.deepEqual(removal, { id: made.id, object: "refund_reason", deleted: true })
  await refused(admin.refundReason.retrieve(made.id), 404, /.+/)
  await refused(admin.refundReason.delete(made.id), 404, /.+/)
  assert.equal((await admin.refundReason.list({ id: made.id })).count, 0)
})

test("a further collection of an order is created, and marked as paid", async () => {
  const order = await placedOrder(shop)

  const { payment_collection: made } = await admin.paymentCollection.create({ order_id: order.id, amount: 12.34 })
  assert.deepEqual([made.amount, made.currency_code, made.status], [12.34, "eur", "not_paid"])
  const { payment_collection: paid } = await admin.paymentCollection.markAsPaid(made.id, { order_id: order.id })

  assert.deepEqual([paid.id, paid.status, paid.captured_amount], [made.id, "completed", 12.34])
  await refused(
    admin.paymentCollection.markAsPaid(made.id, { order_id: order.id }),
    400,
    "Can only mark 'not_paid' payment collection as paid",
  )
  await refused(
    admin.paymentCollection.delete(made.id),
    400,
    "Can only delete payment collections where status is not_paid",
  )
})

test("a collection that nobody paid is deleted", async () => {
  const order = await placedOrder(shop)
  const { payment_collection } = await admin.paymentCollection.create({ order_id: order.id, amount: 5 })

  const removal = await admin.paymentCollection.delete(payment_collection.id)

  assert.deepEqual(removal, { id: payment_collection.id, object: "payment-collection", deleted: true })
  await refused(
    admin.paymentCollection.delete(payment_collection.id),
    404,
    `PaymentCollection id not found: ${payment_collection.id}`,
  )
})

test("a collection needs an order that exists", async () => {
  await refused(
    admin.paymentCollection.create({ order_id: "order_unknown", amount: 5 }),
    404,
    "Order id not found: order_unknown",
  )
})

test("a session of an order that waits for its authorization is authorized by the staff", async () => {
  const order = await placedOrder(shop)
  const { payment_collection } = await admin.paymentCollection.create({ order_id: order.id, amount: 7.5 })
  const { payment_collection: begun } = await admin.paymentCollection.createPaymentSession(payment_collection.id, {
    provider_id: FAKE,
    data: { outcome: "pending_authorization", on: "initiate" },
  })
  const [session] = begun.payment_sessions
  assert.deepEqual([session.amount, session.status], [7.5, "pending_authorization"])

  const answer = await admin.order.authorizePaymentSession(order.id, session.id)

  assert.deepEqual([answer.order.id, answer.is_authorized], [order.id, true])
  await refused(
    admin.order.authorizePaymentSession(order.id, session.id),
    400,
    `Payment session ${session.id} is not in pending_authorization status`,
  )
  await refused(
    admin.order.authorizePaymentSession(order.id, "payses_unknown"),
    404,
    "PaymentSession id not found: payses_unknown",
  )
})

test("a session that still waits stays as it is", async () => {
  const order = await placedOrder(shop, { outcome: "pending_authorization" })
  const [session] = order.payment_collections[0].payment_sessions

  const answer = await admin.order.authorizePaymentSession(order.id, session.id)

  assert.deepEqual([answer.is_authorized, answer.order.payment_status], [false, "awaiting"])
})

test("orders and goods are found", async () => {
  const order = await placedOrder(shop)

  const { orders, count, limit } = await admin.order.list({ limit: 1000, fields: "+total" })
  const { order: found } = await admin.order.retrieve(order.id)
  const { order: bought } = await shop.store.order.retrieve(order.id)
  const { products } = await shop.store.product.list({ limit: 1 })
  const { product } = await shop.store.product.retrieve(products[0].id, { fields: "*variants" })
  const { regions } = await shop.store.region.list()
  const { region } = await shop.store.region.retrieve(regions[0].id)

  assert.ok(ids(orders).includes(order.id))
  assert.deepEqual([count, limit], [orders.length, 1000])
  assert.deepEqual([found.id, found.payment_status], [order.id, "authorized"])
  assert.deepEqual([bought.id, bought.total], [order.id, found.total])
  assert.deepEqual([product.id, region.id], [products[0].id, regions[0].id])
})
