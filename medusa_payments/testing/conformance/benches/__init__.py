"""The benches of the providers that ship with the package, and examples for the next one."""
