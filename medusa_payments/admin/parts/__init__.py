"""What every page is made of: base classes, columns, single values, related tables."""
