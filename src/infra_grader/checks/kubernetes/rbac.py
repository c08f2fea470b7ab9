"""The kubernetes.rbac check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.capabilities.kubernetes import PODS
from infra_grader.checks.kubernetes._rights import LEAST, Question, Right
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_rewrite_rights import NARROWED_RULE, OF_CLUSTER, WIDE_ROLES, grants, narrows
from infra_grader.reading.kube_seen import is_ours
from infra_grader.reading.kube_target import Globs, matches
from infra_grader.reading.live_deployed import Deployed, DeployedObject, deployed_of
from infra_grader.reading.manifest_workload import Workload

MOST_QUESTIONS = 120
TOKENS = "kube-api-access-"
"""How the volumes are called by which a pod is given its token."""


class Rbac(Params):
    """Whose rights are asked for, and what they are."""

    of: Annotated[Handle, Meta(description="Id of the check that put it into the cluster.")]
    workload: Annotated[
        Globs, Meta(description="Names of the workloads whose accounts are asked about, as globs; without it, all.")
    ] = msgspec.field(default_factory=list)
    account: Annotated[
        Globs, Meta(description="Names of ServiceAccounts, as globs, instead of those of the workloads.")
    ] = msgspec.field(default_factory=list)
    may: Annotated[list[Right], Meta(max_length=20, description="What each account must be able to do.")] = (
        msgspec.field(default_factory=list)
    )
    may_not: Annotated[
        list[Right],
        Meta(
            max_length=20,
            description="What none may be able to do. Where left out: what no service needs, as reading all Secrets,"
            " running other pods or widening its own rights.",
        ),
    ] = msgspec.field(default_factory=lambda: list(LEAST))
    own: Annotated[bool, Meta(description="Whether a workload has to run as another account than `default`.")] = True
    token: Annotated[
        bool | None, Meta(description="Whether its pods are given a token for the API; not asked where left out.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse to ask nothing."""
        if not (self.may or self.may_not or self.own or self.token is not None):
            raise ValueError("it asks for something: may, may_not, own or token")


class Seen(Record):
    """What the cluster says of accounts."""

    accounts: tuple[str, ...]
    answers: tuple[tuple[str, str, str, str, str, bool], ...]
    """Account, verb, group, resource, name, and whether it may."""
    with_token: tuple[str, ...] = ()
    """Pods of these accounts that are given a token."""
    without_token: tuple[str, ...] = ()
    narrowed: tuple[tuple[str, Evidence], ...] = ()
    """Accounts, each with a rule that grants it more in the learner's files than in our copy of them."""


@check("kubernetes.rbac", capabilities=("kubernetes",), measure="%")
def rbac(context: Context, params: Rbac) -> Outcome:
    """ServiceAccounts may do what they need, and nothing that they do not.

    The cluster itself is asked, as `kubectl auth can-i` asks it, about the accounts of the workloads: so it counts what
    is granted, by whatever Role and binding. Each question counts the same. Roles are held to the lab's namespace;
    what the lab takes from a Role, as rights over that namespace itself or over all there is, counts as granted all
    the same.
    """

    def look() -> Seen:
        return _look(context, params, deployed_of(context, params.of))

    asked = (params.of, params.workload, params.account, params.may, params.may_not)
    return judge(params, context.observe("rights", Seen, look, asked=asked))


def judge(params: Rbac, seen: Seen) -> Outcome:
    """Judge what accounts may do."""
    if not seen.accounts:
        raise CheckFailed(
            "There is no workload or ServiceAccount of that name.",
            Evidence(kind=EvidenceKind.FIELD, expected="a ServiceAccount to ask about", actual="none"),
        )
    answers = {tuple(answer[:5]): answer[5] for answer in seen.answers}
    evidence = list(_own(params, seen)) + list(_token(params, seen))
    for question in _questions(params, seen.accounts):
        narrowed = [rule for account, rule in seen.narrowed if account == question.account and question.is_about_guards]
        evidence.append(_judged(question, answers.get(question.key, False) or bool(narrowed)))
        evidence += [piece.replace(expected=None) for piece in narrowed[:1] if evidence[-1].expected is not None]
    asked = [piece for piece in evidence if piece.kind is EvidenceKind.COMMAND]
    right = sum(piece.expected is None for piece in asked)
    names = ", ".join(seen.accounts[:4])
    return Outcome.partial(
        Fraction(right, len(asked)),
        f"{right} of {len(asked)} questions about the rights of {names} are answered as they should be.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(asked), 2), unit="%", threshold=100),
    )


def _judged(question: Question, may: bool) -> Evidence:
    wanted = None if may == question.is_right else ("yes" if question.is_right else "no")
    return Evidence(kind=EvidenceKind.COMMAND, path=question.title, expected=wanted, actual="yes" if may else "no")


def _own(params: Rbac, seen: Seen) -> Iterator[Evidence]:
    """Yield whether workloads have accounts of their own."""
    if params.own and not params.account:
        is_met = "default" not in seen.accounts
        wanted = None if is_met else "an account of its own: nobody else's rights come with it"
        yield Evidence(
            kind=EvidenceKind.COMMAND, path="serviceAccountName", expected=wanted, actual=", ".join(seen.accounts)
        )


def _token(params: Rbac, seen: Seen) -> Iterator[Evidence]:
    """Yield whether pods are given tokens as they should be."""
    if params.token is not None:
        wrong = seen.without_token if params.token else seen.with_token
        said = "a token for the API" if params.token else "no token: automountServiceAccountToken: false"
        right = seen.with_token if params.token else seen.without_token
        yield Evidence(
            kind=EvidenceKind.COMMAND,
            path="kubectl get pod -o yaml",
            expected=said if wrong or not right else None,
            actual=f"{len(seen.with_token)} pods with a token, {len(seen.without_token)} without",
        )


def _questions(params: Rbac, accounts: Sequence[str]) -> list[Question]:
    """Return the questions; each once, and not more than an API is asked at a time."""
    found = [
        Question(account=account, verb=verb, group=right.group, resource=resource, name=right.name, is_right=is_right)
        for account in accounts
        for is_right, rights in ((True, params.may), (False, params.may_not))
        for right in rights
        for verb in right.verbs
        for resource in right.resources
    ]
    return found[:MOST_QUESTIONS]


def _look(context: Context, params: Rbac, deployed: Deployed) -> Seen:
    cluster, namespace = context.kubernetes.cluster, deployed.namespace
    accounts = _accounts(params, deployed)
    answers = []
    taken = {account: list(_narrowed_rules(account, deployed)) for account in accounts}
    for question in _questions(params, accounts):
        resource, _, below = question.resource.partition("/")
        user = f"system:serviceaccount:{namespace}:{question.account}"
        may = cluster.can_i(user, question.verb, question.group, resource, namespace, question.name, subresource=below)
        asked = question.verb, question.group, question.resource, question.name
        answers.append((*question.key, may or any(grants(rule, *asked) for rule in taken[question.account])))
    pods = [pod["spec"] | {"pod": pod["metadata"]["name"]} for pod in cluster.list(PODS, namespace) if not is_ours(pod)]
    of_them = [pod for pod in pods if (pod.get("serviceAccountName") or "default") in accounts]
    given = {
        pod["pod"]: any(str(one["name"]).startswith(TOKENS) for one in pod.get("volumes") or ()) for pod in of_them
    }
    return Seen(
        accounts=accounts,
        answers=tuple(answers),
        with_token=tuple(name for name, has_token in given.items() if has_token),
        without_token=tuple(name for name, has_token in given.items() if not has_token),
        narrowed=tuple(
            (account, note)
            for account in accounts
            for role in _roles_of(account, deployed)
            for note in deployed.notes
            if note.expected == NARROWED_RULE and (note.text or "").startswith(f"{role}:")
        ),
    )


def _roles_of(account: str, deployed: Deployed) -> Iterator[str]:
    """Yield the titles, in the learner's files, of the Roles that are bound to an account."""
    for name in _bound(account, deployed):
        yield f"Role {name}"
        yield f"ClusterRole {name.removesuffix(OF_CLUSTER)}"


def _bound(account: str, deployed: Deployed) -> Iterator[str]:
    """Yield the names, in our copy, of the Roles that are bound to an account."""
    for binding in deployed.of_kind("RoleBinding"):
        subjects = binding.manifest.field("subjects").items()
        if any(each.get("name").text in (account, f"system:serviceaccounts:{deployed.namespace}") for each in subjects):
            yield binding.manifest.field("roleRef", "name").text


def _narrowed_rules(account: str, deployed: Deployed) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of an account, as the learner or Kubernetes wrote them, of which our copy grants less."""
    titles = set(_roles_of(account, deployed))
    for role in deployed.roles:
        if role.title in titles:
            rules = [each.value for each in role.field("rules").items()]
            yield from (each for each in rules if isinstance(each, dict) and narrows(each))
    written = {role.name for role in deployed.roles}
    for name in _bound(account, deployed):
        yield from WIDE_ROLES.get(name, ()) if name not in written else ()


def _accounts(params: Rbac, deployed: Deployed) -> tuple[str, ...]:
    if params.account:
        made = [each.name for each in deployed.of_kind("ServiceAccount")]
        found = [name for name in made if matches(name, params.account)]
    else:
        found = [_account(each) for each in deployed.workloads if matches(each.name, params.workload)]
    return tuple(sorted(set(found)))


def _account(workload: DeployedObject) -> str:
    return Workload(workload.manifest).pod.get("serviceAccountName").text or "default"
