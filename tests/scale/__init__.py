"""Libraries whose parts lie on servers. They run where those servers are installed: make test-scale."""
