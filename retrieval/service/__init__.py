"""Libraries over HTTP, for other programs on this machine and, with keys, on others. Needs the extra `server`."""
