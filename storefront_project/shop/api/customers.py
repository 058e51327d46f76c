"""`/store/customers`, and the carts that become a customer's."""

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from medusa_payments.api.documents.representations import Reader
from medusa_payments.api.viewsets import CustomerViewSet
from medusa_payments.api.wire.fields import StrictSerializer, StringField
from storefront_project.shop import carts, customers
from storefront_project.shop.api import examples
from storefront_project.shop.api.fields import EmailField, TimeField, no_rows, no_text
from storefront_project.shop.api.queries import WholeDocuments
from storefront_project.shop.api.schema import document, example, shop_operation
from storefront_project.shop.api.serializers import EmptySerializer, ShopCartSerializer, cart_document


@example({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"})
class StoreCreateCustomerSerializer(StrictSerializer):
    email = EmailField(allow_blank=False, help_text="The one that was registered.")
    first_name = StringField(required=False, allow_null=True, max_length=150)
    last_name = StringField(required=False, allow_null=True, max_length=150)
    phone = StringField(required=False, allow_null=True, help_text="Accepted, and not kept.")


class ShopCustomerSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    phone = no_text()
    addresses = no_rows()
    created_at = TimeField(source="date_joined")


customer_document = document("ShopCustomerResponse", examples.CUSTOMER, customer=ShopCustomerSerializer())


class ShopCustomerViewSet(WholeDocuments, CustomerViewSet):
    @shop_operation("createCustomer", request=StoreCreateCustomerSerializer, response=customer_document)
    def create(self, request: Request) -> Response:
        """Create a customer.

        Says what the customer is called who has registered: the token of `/auth/customer/emailpass/register` says who.
        """
        body = self.validated(StoreCreateCustomerSerializer, request.data)
        body.pop("phone", None)
        return _answer(customers.introduce(customer_id=self.customer_id, **body))

    @shop_operation("getCustomer", response=customer_document)
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Get the customer.

        Returns the customer who is logged in. The demo keeps no addresses of customers.
        """
        return _answer(customers.get_customer(self.customer_id))


class CartCustomerViewSet(WholeDocuments, CustomerViewSet):
    @shop_operation("transferCart", request=EmptySerializer, response=cart_document)
    @action(detail=True, methods=["post"])
    def customer(self, request: Request, id: str) -> Response:
        """Give a cart to the customer.

        Makes a guest's cart that of the customer who is logged in.
        """
        self.validated(EmptySerializer, request.data)
        customer = self.required_customer
        cart = carts.give_to_customer(cart_id=id, customer_id=customer.id, email=customer.email)
        return Response({"cart": ShopCartSerializer(cart, context={"reader": Reader(customer_id=customer.id)}).data})


def _answer(customer: Any) -> Response:
    return Response({"customer": ShopCustomerSerializer(customer).data})
