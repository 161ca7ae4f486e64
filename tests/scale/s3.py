"""An S3 server of this process alone: moto's, on loopback, with no object in it."""

from __future__ import annotations

import importlib.util
import logging
import urllib.request
from typing import Any

ABSENT = "no S3 server: make test-scale installs one"
BUCKET = "media"


def is_installed() -> bool:
    """Whether server and client are here."""
    return all(importlib.util.find_spec(name) for name in ("moto", "flask", "boto3"))


class Bucket:
    """One bucket and its server. `environment`: what programs find it by."""

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self._address = self._server.get_host_and_port()
        self.environment = {
            "AWS_ENDPOINT_URL_S3": "http://{}:{}".format(*self._address),
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(self) -> Any:
        """The client of this process."""
        from retrieval.media.objects import client

        return client()

    def make(self) -> None:
        """The bucket, empty."""
        address = "http://{}:{}/moto-api/reset".format(*self._address)
        urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()
        self.client().create_bucket(Bucket=BUCKET)

    def put(self, key: str, content: bytes) -> None:
        """An object, in place of one that is there."""
        self.client().put_object(Bucket=BUCKET, Key=key, Body=content)

    def delete(self, key: str) -> None:
        """An object is gone."""
        self.client().delete_object(Bucket=BUCKET, Key=key)

    def stop(self) -> None:
        """Nobody answers any more."""
        self._server.stop()

    def start(self) -> None:
        """Answers again, at the same place, with what it held."""
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(self._address[0], self._address[1], verbose=False)
        self._server.start()
