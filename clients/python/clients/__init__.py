"""The clients: each module has a `CLIENT`, which asks with its library and reads what comes."""
