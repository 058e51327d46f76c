"""Orders have an app of their own; their table is the one that the shop made."""

import django.db.models.deletion
from django.db import migrations, models

import storefront_project.orders.models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('shop', '0001_initial'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[
            migrations.CreateModel(
                name='Order',
                fields=[
                    ('id', models.CharField(default=storefront_project.orders.models.new_order_id, max_length=64, primary_key=True, serialize=False)),
                    ('email', models.EmailField(blank=True, max_length=254, null=True)),
                    ('currency_code', models.CharField(max_length=3)),
                    ('total', models.BigIntegerField()),
                    ('payment_collection_id', models.CharField(blank=True, default='', help_text='What the cart was paid by', max_length=64)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('cart', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='order', to='shop.cart')),
                ],
                options={
                    'db_table': 'shop_order',
                    'ordering': ('-created_at',),
                    'constraints': [models.CheckConstraint(condition=models.Q(('total__gte', 0)), name='shop_order_total_not_negative')],
                },
            ),
        ]),
    ]
