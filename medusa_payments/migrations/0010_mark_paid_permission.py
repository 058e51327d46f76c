"""Marking a collection as paid gets a permission of its own. Who may capture, and so could mark as paid, keeps it."""

from django.apps import apps as installed
from django.conf import settings
from django.db import connections, migrations, router

CAPTURE, MARK_PAID = "capture_payment", "mark_paid_paymentcollection"


def give_to_those_who_may_capture(apps, schema_editor):
    """Give the new permission to every user and group that holds the one to capture. Doing it again changes nothing.

    The permission is made here, because Django makes permissions only after all migrations. A fresh database has none
    yet, and needs none. This reads and writes permissions and their links only, so it works with every user model and
    whatever else is migrated: a dependency on the user model could be circular in a shop that refers to our models.
    """
    if not installed.is_installed("django.contrib.auth"):
        return
    Permission = installed.get_model("auth", "Permission")
    using = schema_editor.connection.alias
    if not router.allow_migrate_model(using, Permission):
        using = router.db_for_write(Permission)
    tables = set(connections[using].introspection.table_names())
    if not {Permission._meta.db_table, "django_content_type"} <= tables:
        return
    capture = Permission.objects.using(using).filter(
        content_type__app_label="medusa_payments", codename=CAPTURE
    ).first()
    if capture is None:
        return
    content_type, _ = installed.get_model("contenttypes", "ContentType").objects.using(using).get_or_create(
        app_label="medusa_payments", model="paymentcollection"
    )
    mark_paid, _ = Permission.objects.using(using).get_or_create(
        content_type=content_type, codename=MARK_PAID, defaults={"name": "Can mark payment collections as paid"}
    )
    user = installed.get_model(settings.AUTH_USER_MODEL, require_ready=False)
    for holder, name in ((installed.get_model("auth", "Group"), "permissions"), (user, "user_permissions")):
        if _has_links_to_permissions(holder, name, Permission):
            _copy_links(holder._meta.get_field(name), capture, mark_paid, using, tables)


def _has_links_to_permissions(holder, name, Permission):
    """A shop's own user model may do without Django's permissions."""
    field = next((each for each in holder._meta.many_to_many if each.name == name), None)
    return field is not None and field.remote_field.model is Permission


def _copy_links(field, capture, mark_paid, using, tables):
    link = field.remote_field.through
    if link._meta.db_table not in tables:
        return
    holder = link._meta.get_field(field.m2m_field_name()).attname
    permission = link._meta.get_field(field.m2m_reverse_field_name()).attname
    links = link._base_manager.using(using)
    have = links.filter(**{permission: mark_paid.pk}).values(holder)
    lacking = links.filter(**{permission: capture.pk}).exclude(**{f"{holder}__in": have})
    for holder_id in set(lacking.values_list(holder, flat=True)):
        links.create(**{holder: holder_id, permission: mark_paid.pk})


class Migration(migrations.Migration):

    dependencies = [
        ('medusa_payments', '0009_refund_ids'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='paymentcollection',
            options={'permissions': [('mark_paid_paymentcollection', 'Can mark payment collections as paid')], 'verbose_name': 'payment collection', 'verbose_name_plural': 'payment collections'},
        ),
        migrations.RunPython(give_to_those_who_may_capture, migrations.RunPython.noop, elidable=True),
    ]
