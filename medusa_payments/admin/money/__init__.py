"""The pages on which staff move money or decide something: forms, questions, and calls of the services."""
