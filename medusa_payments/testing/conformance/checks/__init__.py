"""The rules of the contract, by concern. Importing this registers them all, in the order of the reports."""
