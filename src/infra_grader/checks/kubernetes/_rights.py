"""What accounts may do: as a rubric says it, and as the cluster is asked."""

from __future__ import annotations

from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, Meta, Params
from infra_grader.reading.kube_rewrite_rights import GUARDS

Word = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-zA-Z0-9./-]*)$", max_length=120)]


class Right(Params):
    """Something that an account may do, or may not."""

    verbs: Annotated[
        list[Word], Meta(min_length=1, max_length=10, description="Such as get, list, create; `*` is all.")
    ]
    resources: Annotated[
        list[Word], Meta(min_length=1, max_length=10, description="Such as pods, pods/exec, secrets; `*` is all.")
    ]
    group: Annotated[str, Meta(description="Their API group, such as apps; that of pods where left out.")] = ""
    name: Annotated[str, Meta(description="The one object that it is about; all of them where left out.")] = ""


LEAST = (
    Right(verbs=["get", "list"], resources=["secrets"]),
    Right(verbs=["create", "delete"], resources=["pods", "pods/exec"]),
    Right(verbs=["create", "patch"], resources=["deployments"], group="apps"),
    Right(verbs=["create"], resources=["rolebindings"], group="rbac.authorization.k8s.io"),
    Right(verbs=["patch"], resources=["namespaces"]),
    Right(verbs=["*"], resources=["*"], group="*"),
)
"""What no service needs that only answers requests."""


class Question(Record):
    """One question about an account, and the right answer."""

    account: str
    verb: str
    group: str
    resource: str
    name: str
    is_right: bool

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it is found by among the answers."""
        return self.account, self.verb, self.group, self.resource, self.name

    @property
    def title(self) -> str:
        """As `kubectl auth can-i` asks it."""
        resource = f"{self.resource}.{self.group}" if self.group not in ("", "*") else self.resource
        return f"kubectl auth can-i {self.verb} {resource}{f'/{self.name}' if self.name else ''} --as {self.account}"

    @property
    def is_about_guards(self) -> bool:
        """Whether it is about what holds a namespace in."""
        return self.resource.partition("/")[0] in GUARDS.get(self.group, ()) and self.verb not in (
            "get",
            "list",
            "watch",
        )
