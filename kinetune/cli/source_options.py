"""Arguments and options of commands that read any store: `backup` and `move`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from kinetune.cli.options import option, resolve_endpoint
from kinetune.model.source_address import AddressKind, EtcdAccess, SourceAddress, etcd_access_from, parse_source

# Texts, not paths: `render` has options of the same names, and variables, for files on another machine.
CaFile = Annotated[
    str | None, option("--ca-file", metavar="FILE", help="Certificate of the authority of etcd; names are verified.")
]
CertFile = Annotated[str | None, option("--cert-file", metavar="FILE", help="Client certificate for etcd.")]
KeyFile = Annotated[str | None, option("--key-file", metavar="FILE", help="Key of the client certificate for etcd.")]
BumpRevision = Annotated[
    int | None,
    option(
        "--bump-revision",
        metavar="N",
        min=0,
        show_default=False,
        help="Add N to the revision and take the newest row of each key: for a copy that is older than its cluster. 0: "
        "nothing was written since.",
    ),
]


def read_etcd_access(ca_file: str | None, cert_file: str | None, key_file: str | None) -> EtcdAccess:
    """The files of these options, otherwise those of etcdctl's variables, which also have user and password."""
    known = etcd_access_from(os.environ)
    return replace(
        known,
        ca_file=Path(ca_file) if ca_file else known.ca_file,
        cert_file=Path(cert_file) if cert_file else known.cert_file,
        key_file=Path(key_file) if key_file else known.key_file,
    )


def resolve_source(argument: str | None, k3s_config: Path | None, access: EtcdAccess) -> SourceAddress:
    """
    The store that the argument names. Without one, the endpoint of the environment or the K3s configuration; an
    embedded server is started. UsageFailure for a text that names no store.
    """
    if argument is not None:
        address = parse_source(argument, access)
        if address.kind is not AddressKind.DATABASE:
            return address
        argument = argument.strip().replace("yugabytedb:", "postgres:", 1)
    return SourceAddress(AddressKind.DATABASE, endpoint=resolve_endpoint(argument, k3s_config))
