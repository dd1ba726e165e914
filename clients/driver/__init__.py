"""What runs the clients' suites: installation, the gateway with its providers, the table."""
