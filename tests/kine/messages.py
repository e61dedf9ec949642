"""
etcd's messages as classes, compiled from etcd.proto at import.

No generated code is kept: protoc writes a descriptor, protobuf makes classes of it, in a pool of its own so that no
other etcd library can collide with it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from grpc_tools import protoc

FOLDER = Path(__file__).parent


def _pool() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "etcd.pb"
        if protoc.main(["protoc", f"-I{FOLDER}", f"--descriptor_set_out={out}", "etcd.proto"]):
            raise RuntimeError("protoc refused tests/kine/etcd.proto")
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


_POOL = _pool()


def message(name: str) -> Any:
    """The class of `etcdserverpb.<name>`."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"etcdserverpb.{name}"))
