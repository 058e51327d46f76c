"""What a shop may add to `INSTALLED_APPS` besides the app itself."""
