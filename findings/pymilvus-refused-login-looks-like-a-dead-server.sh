#!/usr/bin/env bash
# pymilvus says of a wrong password that the server cannot be reached, with the number that a server gives when it is not available.
#
# Library: pymilvus 3.0.2 (grpcio as it comes with it). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# No guess was noted: met when a program told its user that a server with logins could not be reached.
# Seen: a server that refuses the first call (Connect) as Milvus does, by UNAUTHENTICATED and "auth check failure, please check username
#   and password are correct", becomes MilvusException(code=2, "Fail connecting to server on 127.0.0.1:PORT, illegal connection params
#   or server unavailable"): the text of a server that is away. The words are in __cause__ alone. The same refusal of a later call is no
#   MilvusException at all, but a grpc.RpcError.
# A media indexer must: look at __cause__.code() before it tries again or says that the server is away, and catch grpc.RpcError beside
#   MilvusException.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pymilvus==3.0.2
timeout 100 venv/bin/python - <<'PY'
import logging
from concurrent.futures import ThreadPoolExecutor

import grpc
from pymilvus import MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

logging.disable(logging.CRITICAL)
SAID = "auth check failure, please check username and password are correct"


class Server(milvus_pb2_grpc.MilvusServiceServicer):
    is_open = False

    def Connect(self, request, context):
        if not self.is_open:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, SAID)
        return milvus_pb2.ConnectResponse(status=common_pb2.Status())

    def ShowCollections(self, request, context):
        context.abort(grpc.StatusCode.UNAUTHENTICATED, SAID)


server = grpc.server(ThreadPoolExecutor(2))
milvus_pb2_grpc.add_MilvusServiceServicer_to_server(Server(), server)
address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
server.start()
try:
    MilvusClient(address, token="root:wrong", timeout=5)
except MilvusException as error:
    print(error, "<-", error.__cause__.code(), error.__cause__.details())
    assert error.code == 2 and "server unavailable" in error.message and "auth" not in error.message
    assert error.__cause__.code() is grpc.StatusCode.UNAUTHENTICATED and error.__cause__.details() == SAID
else:
    raise SystemExit("connected")
Server.is_open = True
client = MilvusClient(address, token="root:wrong", timeout=5)
try:
    client.list_collections(timeout=5)
except grpc.RpcError as error:
    print(type(error).__name__, error.code(), isinstance(error, MilvusException))
    assert not isinstance(error, MilvusException)
else:
    raise SystemExit("listed")
server.stop(0)
PY
echo "still so"
