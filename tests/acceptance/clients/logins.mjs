/** Who a client of the SDK may be: staff and customers, by token, by cookie and by secret key. */

import assert from "node:assert/strict"
import { test } from "node:test"

import Medusa from "@medusajs/js-sdk"

import { authorizedPayment, begunSession, cartWith, refused, storefront } from "./shop.mjs"

const { MEDUSA_BACKEND_URL: baseUrl, MEDUSA_SECRET_KEY: apiKey } = process.env
const STAFF = { email: "admin@example.com", password: "admin" }
const CUSTOMER = { email: "customer@example.com", password: "customer" }

function client(type = "jwt") {
  const auth = type === "jwt" ? { type, jwtTokenStorageMethod: "memory" } : { type }
  return new Medusa({ baseUrl, publishableKey: "pk_demo", auth })
}

test("a customer's payment session knows the customer; a guest's knows nobody", async () => {
  const sdk = client()
  await sdk.auth.login("customer", "emailpass", CUSTOMER)

  const session = await begunSession(sdk, await cartWith(sdk, { variant_mug: 1 }))
  const ofGuest = await begunSession(storefront(), await cartWith(storefront(), { variant_mug: 1 }))

  assert.deepEqual(Object.keys(session.context), ["customer", "account_holder"])
  assert.match(session.context.customer.id, /.+/)
  assert.deepEqual(ofGuest.context, {})
})

test("a token that isn't accepted makes a customer a guest", async () => {
  const sdk = client()
  await sdk.client.setToken("not-a-token")

  const session = await begunSession(sdk, await cartWith(sdk, { variant_mug: 1 }))

  assert.deepEqual(session.context, {})
})

test("a customer is nobody in the back office", async () => {
  const sdk = client()
  await refused(sdk.auth.login("user", "emailpass", CUSTOMER), 401, "Invalid email or password")
  await sdk.auth.login("customer", "emailpass", CUSTOMER)

  await refused(sdk.admin.payment.list(), 401, "Unauthorized")
})

test("a refreshed token works on", async () => {
  const sdk = client()
  await sdk.auth.login("user", "emailpass", STAFF)

  const { token } = await sdk.auth.refresh()

  assert.equal(await sdk.client.getToken(), token)
  assert.equal((await sdk.admin.payment.list({ limit: 0 })).limit, 0)
})

test("staff read with a session cookie until they log out, and move no money with it", async () => {
  const paymentId = await authorizedPayment(storefront())
  const sdk = client("session")
  await sdk.auth.login("user", "emailpass", STAFF)

  const { payments } = await sdk.admin.payment.list({ id: paymentId })
  // A browser adds the cookie to forged requests too, so Django asks for a token that the SDK doesn't send.
  await refused(sdk.admin.payment.capture(paymentId), 403, /^CSRF Failed/)
  await sdk.auth.logout()

  assert.deepEqual([payments[0].amount, payments[0].captured_amount], [100, 0])
  await refused(sdk.admin.payment.list(), 401, "Unauthorized")
})

test("a secret key works for the back office without a login", async () => {
  const paymentId = await authorizedPayment(storefront())
  const sdk = new Medusa({ baseUrl, apiKey })

  const { payment } = await sdk.admin.payment.capture(paymentId, { amount: 1 })

  assert.equal(payment.captures.length, 1)
  await refused(new Medusa({ baseUrl, apiKey: "sk_wrong" }).admin.payment.list(), 401, "Unauthorized")
})

test("a publishable key opens no back office", async () => {
  await refused(storefront().admin.payment.list(), 401, "Unauthorized")
  await refused(new Medusa({ baseUrl, apiKey: "pk_demo" }).admin.payment.list(), 401, "Unauthorized")
})
