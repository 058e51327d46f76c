/** Amounts as people read them: yen have no digits after the point, dinars have three. */

export function formatted(amount, currencyCode) {
  const options = { style: "currency", currency: currencyCode.toUpperCase() };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(amount);
}
