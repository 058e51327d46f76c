/** What a browser adds to `fetch` for a page of another origin: the rules of CORS, as the Fetch standard words them. */

const nativeFetch = globalThis.fetch

const SAFE_METHODS = new Set(["GET", "HEAD", "POST"])
const SAFE_HEADERS = new Set(["accept", "accept-language", "content-language"])
const SAFE_CONTENT_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)(;|$)/i
const READABLE_HEADERS = new Set([
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
])

/**
 * Return a `fetch` for pages of `origin`, with a cookie jar of its own. It rejects with a `TypeError` what the server
 * doesn't let them see.
 */
export function fetchFrom(origin) {
  const cookies = new Map()
  return async (input, init = {}) => {
    const request = new Request(input, init)
    const withCredentials = init.credentials === "include"
    await preflight(request, origin, withCredentials)
    const headers = new Headers(request.headers)
    headers.set("origin", origin)
    if (withCredentials && cookies.size > 0) {
      headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "))
    }
    const response = await nativeFetch(request.url, { method: request.method, headers, body: init.body })
    if (withCredentials) {
      keepCookies(cookies, response)
    }
    requireSharing(response, origin, withCredentials)
    return readable(response, withCredentials)
  }
}

function keepCookies(cookies, response) {
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/)
    const isGone = /; *max-age=0(;|$)/i.test(cookie)
    isGone ? cookies.delete(name) : cookies.set(name, value)
  }
}

async function preflight(request, origin, withCredentials) {
  const unsafe = [...request.headers].filter(([name, value]) => !isSafeHeader(name, value)).map(([name]) => name)
  if (SAFE_METHODS.has(request.method) && unsafe.length === 0) {
    return
  }
  const headers = { origin, "access-control-request-method": request.method }
  if (unsafe.length > 0) {
    headers["access-control-request-headers"] = unsafe.sort().join(",")
  }
  const response = await nativeFetch(request.url, { method: "OPTIONS", headers })
  requireSharing(response, origin, withCredentials)
  requireThat(response.ok, `the preflight was answered ${response.status}`)
  requirePermission(request, response, unsafe, withCredentials)
}

function requirePermission(request, response, unsafe, withCredentials) {
  const methods = listed(response, "access-control-allow-methods")
  const names = listed(response, "access-control-allow-headers").map((name) => name.toLowerCase())
  const allows = (list, item) => list.includes(item) || (list.includes("*") && !withCredentials)
  const isAllowedMethod = SAFE_METHODS.has(request.method) || allows(methods, request.method)
  requireThat(isAllowedMethod, `the method ${request.method} is not allowed`)
  for (const name of unsafe) {
    const isAllowedHeader = names.includes(name) || (name !== "authorization" && allows(names, name))
    requireThat(isAllowedHeader, `the header ${name} is not allowed`)
  }
}

function isSafeHeader(name, value) {
  return SAFE_HEADERS.has(name) || (name === "content-type" && SAFE_CONTENT_TYPES.test(value))
}

function requireSharing(response, origin, withCredentials) {
  const allowed = response.headers.get("access-control-allow-origin")
  requireThat(allowed === origin || (allowed === "*" && !withCredentials), `the origin ${origin} is not allowed`)
  const takesCredentials = response.headers.get("access-control-allow-credentials") === "true"
  requireThat(takesCredentials || !withCredentials, "credentials are not allowed")
}

function readable(response, withCredentials) {
  const exposed = listed(response, "access-control-expose-headers").map((name) => name.toLowerCase())
  const isReadable = (name) =>
    READABLE_HEADERS.has(name) || exposed.includes(name) || (exposed.includes("*") && !withCredentials)
  const headers = [...response.headers].filter(([name]) => isReadable(name))
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function listed(response, name) {
  return (response.headers.get(name) ?? "").split(",").map((item) => item.trim())
}

function requireThat(condition, reason) {
  if (!condition) {
    throw new TypeError(`Failed to fetch: ${reason}`)
  }
}
