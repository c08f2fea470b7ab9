"""The terraform.safe check kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import msgspec

from infra_grader.checks.terraform._modules import TerraformParams, modules_of, own_blocks
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import cut, judge, whole
from infra_grader.reading.terraform import Block

ANYWHERE = ("0.0.0.0/0", "::/0")
WEB = frozenset({80, 443})
SECRET = re.compile(r"(^|_)(password|secret|token|api_?key|access_key|secret_key|private_key)$", re.IGNORECASE)
ENCRYPTED = {
    "aws_db_instance": "storage_encrypted",
    "aws_rds_cluster": "storage_encrypted",
    "aws_ebs_volume": "encrypted",
    "aws_efs_file_system": "encrypted",
}
PUBLIC = {"aws_db_instance": "publicly_accessible", "aws_rds_cluster_instance": "publicly_accessible"}


class Asked(StrEnum):
    """What can be asked for."""

    SECRETS = "secrets"
    OPEN = "open"
    ENCRYPTION = "encryption"
    PUBLIC = "public"


class Safe(TerraformParams):
    """What the files must not have in them."""

    ask: Annotated[
        list[Asked],
        Meta(
            min_length=1,
            description="secrets: none written out; open: no port but 80 and 443 open to everybody; "
            "encryption: databases and disks are encrypted; public: no database is public.",
        ),
    ] = msgspec.field(default_factory=lambda: list(Asked))


@check("terraform.safe")
def safe(context: Context, params: Safe) -> Outcome:
    """Terraform files of the learner's own are safe: no secrets, no open ports, encrypted data."""
    modules = modules_of(context, params)
    blocks = [block for kind in ("resource", "module", "provider", "locals") for _, block in own_blocks(modules, kind)]
    if not blocks:
        where = next(iter(sorted(path for module in modules.values() for path in module.own)))
        raise CheckFailed(
            "The Terraform files declare nothing yet.",
            Evidence(path=where, expected="resources or modules", actual="none"),
        )
    pieces = []
    for asked in params.ask:
        found = [item for block in blocks for item in LOOKS[asked](block)]
        said = f"{asked}: {found[0].actual} at {found[0].path}:{found[0].line}" if found else ""
        nothing = Evidence(path=blocks[0].path, actual=f"{asked}: nothing found in {len(blocks)} blocks")
        pieces.append(whole(not found, said, *(cut(found) or [nothing])))
    return judge("Terraform", pieces)


def _secrets(block: Block) -> Iterator[Evidence]:
    for inner in block.every_block():
        for item in inner.attributes.values():
            if SECRET.search(item.name) and isinstance(item.value, str) and item.value:
                yield Evidence(path=inner.path, line=item.line, expected="a variable", actual=f"{item.name} in clear")


def _open(block: Block) -> Iterator[Evidence]:
    inside = list(block.inner("ingress"))
    if block.labels[:1] == ("aws_security_group_rule",) and _value(block, "type") == "ingress":
        inside.append(block)
    if block.labels[:1] == ("aws_vpc_security_group_ingress_rule",):
        inside.append(block)
    for rule in inside:
        for name in ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"):
            item = rule.attributes.get(name)
            given = item.value if item is not None else None
            ranges = given if isinstance(given, list) else [given]
            if item is not None and any(place in ranges for place in ANYWHERE) and not _is_web(rule):
                ports = f"{_value(rule, 'from_port')} to {_value(rule, 'to_port')}"
                yield Evidence(path=rule.path, line=item.line, expected="named ranges", actual=f"ports {ports} for all")


def _is_web(rule: Block) -> bool:
    return {_value(rule, "from_port"), _value(rule, "to_port")} <= WEB and _value(rule, "from_port") == _value(
        rule, "to_port"
    )


def _unencrypted(block: Block) -> Iterator[Evidence]:
    name = ENCRYPTED.get(block.labels[0]) if block.labels else None
    if block.kind == "resource" and name is not None:
        item = block.attributes.get(name)
        if item is None or item.value is False:
            line = item.line if item is not None else block.line
            yield Evidence(path=block.path, line=line, expected=f"{name} = true", actual=block.address)


def _public(block: Block) -> Iterator[Evidence]:
    name = PUBLIC.get(block.labels[0]) if block.labels else None
    item = block.attributes.get(name) if name is not None else None
    if item is not None and item.value is True:
        yield Evidence(path=block.path, line=item.line, expected=f"{name} = false", actual=block.address)


def _value(block: Block, name: str) -> object:
    item = block.attributes.get(name)
    return item.value if item is not None and item.is_known else None


LOOKS: Mapping[Asked, Callable[[Block], Iterator[Evidence]]] = {
    Asked.SECRETS: _secrets,
    Asked.OPEN: _open,
    Asked.ENCRYPTION: _unencrypted,
    Asked.PUBLIC: _public,
}
