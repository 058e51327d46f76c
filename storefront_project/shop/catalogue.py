"""The demo's goods. Prices are minor units; each variant has one in every region's currency."""

from storefront_project.shop.models import Price, Product, Region, Variant

PROVIDERS = ["pp_system_default", "pp_fake_fake", "pp_stripe_stripe"]
EURO_PROVIDERS = [*PROVIDERS, "pp_stripe-ideal_stripe", "pp_stripe-sepa-debit_stripe"]

REGIONS = (
    ("reg_eu", "Europe", "eur", ["at", "de", "es", "fr", "it", "nl"], EURO_PROVIDERS),
    ("reg_us", "United States", "usd", ["us"], PROVIDERS),
    ("reg_jp", "Japan", "jpy", ["jp"], PROVIDERS),
    ("reg_kw", "Kuwait", "kwd", ["kw"], PROVIDERS),
)

COUNTRIES = {
    "at": "Austria",
    "de": "Germany",
    "es": "Spain",
    "fr": "France",
    "it": "Italy",
    "jp": "Japan",
    "kw": "Kuwait",
    "nl": "Netherlands",
    "us": "United States",
}

SHIPPING_OPTIONS = {"so_free": "Free shipping"}
"""The names of what brings the goods. All of it costs nothing, everywhere: a cart's total is that of its items."""

SHIRT_PRICES = {"eur": 1999, "usd": 2199, "jpy": 1999, "kwd": 5125}

PRODUCTS = (
    (
        "prod_tshirt",
        "T-shirt",
        (
            ("variant_tshirt_s", "S", SHIRT_PRICES),
            ("variant_tshirt_m", "M", SHIRT_PRICES),
            ("variant_tshirt_l", "L", SHIRT_PRICES),
        ),
    ),
    ("prod_mug", "Mug", (("variant_mug", "Default", {"eur": 1000, "usd": 1000, "jpy": 1000, "kwd": 10000}),)),
    ("prod_sticker", "Sticker", (("variant_sticker", "Default", {"eur": 1, "usd": 1, "jpy": 1, "kwd": 1}),)),
    (
        "prod_sample",
        "Free sample",
        (("variant_sample", "Default", {"eur": 0, "usd": 0, "jpy": 0, "kwd": 0}),),
    ),
)


def seed() -> None:
    """Create the regions and products, or set those that exist back to what they are here."""
    for region_id, name, currency_code, countries, payment_providers in REGIONS:
        fields = {
            "name": name,
            "currency_code": currency_code,
            "countries": countries,
            "payment_providers": payment_providers,
        }
        Region.objects.update_or_create(id=region_id, defaults=fields)
    for product_id, title, variants in PRODUCTS:
        product, _ = Product.objects.update_or_create(id=product_id, defaults={"title": title})
        for variant_id, variant_title, prices in variants:
            _seed_variant(product, variant_id, variant_title, prices)


def _seed_variant(product: Product, variant_id: str, title: str, prices: dict[str, int]) -> None:
    Variant.objects.update_or_create(id=variant_id, defaults={"product": product, "title": title})
    for currency_code, amount in prices.items():
        Price.objects.update_or_create(
            id=f"price_{variant_id.removeprefix('variant_')}_{currency_code}",
            defaults={"variant_id": variant_id, "currency_code": currency_code, "amount": amount},
        )
