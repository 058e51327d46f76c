"""The demo's checkout page: a storefront in the browser that talks to the public API, as anybody's would."""
