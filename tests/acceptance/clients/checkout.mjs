/** A storefront's calls, from an empty cart to the order: the SDK's own methods, unmodified. */

import assert from "node:assert/strict"
import { test } from "node:test"

import { FAKE, SYSTEM, begunSession, cartWith, currentCart, moneyMoved, storefront } from "./shop.mjs"

const sdk = storefront()

const CURRENCIES = [
  { regionId: "reg_eu", currency: "eur", shirt: 19.99, three: 59.97, withSticker: 59.98, minor: [5997, 5998] },
  { regionId: "reg_jp", currency: "jpy", shirt: 1999, three: 5997, withSticker: 5998, minor: [5997, 5998] },
  { regionId: "reg_kw", currency: "kwd", shirt: 5.125, three: 15.375, withSticker: 15.376, minor: [15375, 15376] },
]

for (const { regionId, currency, shirt, three, withSticker, minor } of CURRENCIES) {
  test(`a whole checkout in ${currency}`, async () => {
    await showsTheRegion(regionId, currency)
    const variant = await showsThePrice(currency, shirt)
    const cart = await fillsACart(regionId, variant, three)
    await offersTheProviders(regionId)
    const session = await beginsToPay(cart, three)
    await followsTheCart(cart, session, withSticker)
    const order = await placesTheOrder(cart, withSticker)
    await answersTheSameOrderAgain(cart, order)
    const [first, last] = minor
    assert.deepEqual(await moneyMoved(sdk, session), [
      ["initiate", first],
      ["update", first],
      ["update", last],
      ["authorize", last],
    ])
  })
}

async function showsTheRegion(regionId, currency) {
  const { regions } = await sdk.store.region.list()
  assert.equal(regions.find((region) => region.id === regionId).currency_code, currency)
}

async function showsThePrice(currency, amount) {
  const { products } = await sdk.store.product.list({ limit: 50 })
  const [variant] = products.find((product) => product.id === "prod_tshirt").variants
  assert.equal(variant.prices.find((price) => price.currency_code === currency).amount, amount)
  return variant
}

async function fillsACart(regionId, variant, total) {
  const { cart: empty } = await sdk.store.cart.create({ region_id: regionId })
  assert.deepEqual([empty.total, empty.items, empty.payment_collection], [0, [], null])
  const { cart } = await sdk.store.cart.createLineItem(empty.id, { variant_id: variant.id, quantity: 3 })
  assert.equal(cart.total, total)
  return cart
}

async function offersTheProviders(regionId) {
  const { payment_providers, count } = await sdk.store.payment.listPaymentProviders({ region_id: regionId })
  assert.equal(count, payment_providers.length)
  const offered = payment_providers.map((provider) => provider.id)
  for (const id of [FAKE, SYSTEM, "pp_stripe_stripe"]) assert.ok(offered.includes(id), id)
  assert.ok(payment_providers.every((provider) => provider.is_enabled))
}

async function beginsToPay(cart, amount) {
  const first = await begunSession(sdk, cart)
  assert.equal(first.amount, amount)
  assert.equal(first.status, "pending")
  assert.equal(first.provider_id, FAKE)
  const again = await begunSession(sdk, await currentCart(sdk, cart), { delay_ms: 1 })
  assert.equal(again.id, first.id)
  assert.equal(again.data.id, first.data.id)
  assert.equal(again.data.delay_ms, 1)
  return again
}

async function followsTheCart(cart, session, total) {
  await sdk.store.cart.createLineItem(cart.id, { variant_id: "variant_sticker", quantity: 1 })
  const changed = await currentCart(sdk, cart)
  assert.equal(changed.total, total)
  const updated = await begunSession(sdk, changed, { delay_ms: 0 })
  assert.deepEqual([updated.id, updated.amount], [session.id, total])
}

async function placesTheOrder(cart, total) {
  const { type, order } = await sdk.store.cart.complete(cart.id)
  assert.equal(type, "order")
  assert.equal(order.total, total)
  assert.equal(order.payment_status, "authorized")
  const [collection] = order.payment_collections
  assert.deepEqual(
    [collection.amount, collection.authorized_amount, collection.captured_amount, collection.status],
    [total, total, 0, "authorized"],
  )
  return order
}

async function answersTheSameOrderAgain(cart, order) {
  const answers = await Promise.all([1, 2].map(() => sdk.store.cart.complete(cart.id)))
  assert.deepEqual(
    answers.map((answer) => [answer.type, answer.order.id]),
    Array(2).fill(["order", order.id]),
  )
}

test("a cart is edited before it is paid for", async () => {
  const cart = await cartWith(sdk, { variant_mug: 2, variant_sticker: 1 })
  const [mugs, sticker] = cart.items

  const { cart: fewer } = await sdk.store.cart.updateLineItem(cart.id, mugs.id, { quantity: 1 })
  const removal = await sdk.store.cart.deleteLineItem(cart.id, sticker.id)
  const { cart: addressed } = await sdk.store.cart.update(cart.id, { email: "jane@example.com" })

  assert.equal(fewer.total, 10.01)
  assert.deepEqual([removal.id, removal.deleted, removal.parent.total], [sticker.id, true, 10])
  assert.deepEqual([addressed.email, addressed.total], ["jane@example.com", 10])
})

test("another provider takes the session's place", async () => {
  const cart = await cartWith(sdk, { variant_mug: 1 })
  const replaced = await begunSession(sdk, cart, {}, SYSTEM)

  const session = await begunSession(sdk, await currentCart(sdk, cart))

  assert.notEqual(session.id, replaced.id)
  assert.equal(session.provider_id, FAKE)
})

test("a session is initiated with `fields` and narrows the answer", async () => {
  const cart = await cartWith(sdk, { variant_mug: 1 })
  const query = { fields: "amount,payment_sessions.status" }

  const body = { provider_id: FAKE }
  const { payment_collection } = await sdk.store.payment.initiatePaymentSession(cart, body, query)

  assert.deepEqual(Object.keys(payment_collection).toSorted(), ["amount", "id", "payment_sessions"])
  assert.deepEqual(Object.keys(payment_collection.payment_sessions[0]).toSorted(), ["id", "status"])
})

test("nothing to pay needs no payment", async () => {
  const cart = await cartWith(sdk, { variant_sample: 1 })

  const { type, order } = await sdk.store.cart.complete(cart.id)

  assert.deepEqual([type, order.total], ["order", 0])
})

test("a cart of amount 0 takes a session with the system provider", async () => {
  const cart = await cartWith(sdk, { variant_sample: 1 })
  const session = await begunSession(sdk, cart, {}, SYSTEM)
  assert.equal(session.amount, 0)

  const { type } = await sdk.store.cart.complete(cart.id)

  assert.equal(type, "order")
})
