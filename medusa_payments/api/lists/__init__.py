"""What every list takes: filters, order, pages."""
