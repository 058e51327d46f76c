/** Which pages a browser lets call the API, and with what. */

import assert from "node:assert/strict"
import { test } from "node:test"

import Medusa from "@medusajs/js-sdk"

import { fetchFrom } from "./browser.mjs"
import { begunSession, cartWith, storefront } from "./shop.mjs"

const { MEDUSA_BACKEND_URL: baseUrl } = process.env
const ORIGIN = "http://localhost:3000"
const HEADERS = "authorization,content-type,idempotency-key,x-medusa-locale,x-publishable-api-key"

function preflight(origin, method) {
  const headers = {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": HEADERS,
  }
  return fetch(`${baseUrl}/store/carts`, { method: "OPTIONS", headers })
}

for (const method of ["GET", "POST", "DELETE"]) {
  test(`a page of an allowed origin may ${method} with every header the SDK sends`, async () => {
    const answer = await preflight(ORIGIN, method)

    assert.equal(answer.ok, true)
    assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN)
    assert.equal(answer.headers.get("access-control-allow-credentials"), "true")
    const names = answer.headers.get("access-control-allow-headers").toLowerCase().split(/, */)
    assert.deepEqual(
      HEADERS.split(",").filter((name) => !names.includes(name)),
      [],
    )
    assert.ok(answer.headers.get("access-control-allow-methods").includes(method))
  })
}

test("a page of a foreign origin gets nothing", async () => {
  const answer = await preflight("https://evil.example", "POST")

  assert.equal(answer.headers.get("access-control-allow-origin"), null)
  await assert.rejects(fetchFrom("https://evil.example")(`${baseUrl}/store/regions`), TypeError)
})

test("a page reads the error of an answer, and when to try again", async () => {
  const sdk = storefront()
  const session = await begunSession(sdk, await cartWith(sdk, { variant_mug: 1 }), { outcome: "timeout_after" })
  const path = `/store/payment-collections/${session.payment_collection_id}/payment-sessions/${session.id}/authorize`
  const headers = { "x-publishable-api-key": "pk_demo" }

  const answer = await fetchFrom(ORIGIN)(`${baseUrl}${path}`, { method: "POST", headers })

  assert.equal(answer.status, 409)
  assert.equal((await answer.json()).code, "payment_outcome_unknown")
  assert.match(answer.headers.get("retry-after"), /^\d+$/)
})

test("a page may send cookies", async (context) => {
  context.mock.method(globalThis, "fetch", fetchFrom(ORIGIN))
  const sdk = new Medusa({ baseUrl, publishableKey: "pk_demo", auth: { type: "session" } })

  const { regions } = await sdk.store.region.list()

  assert.equal(regions.length, 4)
})
