"""What kinds do to a cluster and ask of it, where the cluster is played."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import ClassVar

import msgspec
import pytest
from kube_things import API, CHOSEN, THINGS, policy

from infra_grader.capabilities import deadline as deadlines
from infra_grader.capabilities import turns
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_probe import Name, Reached
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.checks.helm import install
from infra_grader.checks.kubernetes import (
    _clients,
    _rollout_drills,
    apply,
    dns,
    endpoints,
    reachable,
    resource,
    scaling,
    update,
)
from infra_grader.checks.kubernetes import exec as commands
from infra_grader.plugin import NotAssessed
from infra_grader.reading import live_pushed
from infra_grader.reading.kube_apply import Facts
from infra_grader.reading.kube_following import Following
from infra_grader.reading.kube_scaler import Scaler
from infra_grader.reading.kube_stop import Stop, Stops
from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest import ManifestSet

DEPLOYED = Deployed(namespace="ours", objects=())
CASE = {"command": ["id", "-u"], "stdout": {"exact": "10001"}}
QUOTA = {"spec": {"hard": {"pods": "1"}}}
DEPLOYMENT = {
    "metadata": {"name": "api", "generation": 1},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "api", "image": "api:1"}]}}},
}


def params(model, **facts):
    return msgspec.convert({"of": "app", **facts}, model)


class PlayedPods:
    """A workload that is whole at any moment, and keeps what is done to it."""

    workload = API
    object = DEPLOYMENT
    pods = ()
    trouble = ""

    def __init__(self):
        self.patches = []

    def await_whole(self, _seconds, _deadline):
        return 1

    def until(self, look, _deadline):
        return look([])


class PlayedProbe:
    """A probe that asks nobody."""

    @contextmanager
    def watching(self, _asked, _deadline):
        yield SimpleNamespace(traffic=update.COLD)


class PlayedClock:
    """The seconds of a load, and a scaler that is looked at in some of them."""

    def __init__(self, looks):
        self.now = 0
        self._looks = looks

    def monotonic(self):
        return self.now

    def await_scaler(self, _cluster, _namespace, _name, look, until):
        for second, use, desired in self._looks:
            if self.now <= second <= until and (found := look(scaler().replace(used={"cpu": use}, desired=desired))):
                self.now = second
                return found
        self.now = until
        return None


@pytest.fixture
def context():
    return SimpleNamespace(kubernetes=SimpleNamespace(cluster=None), deadline=Deadline(60))


class TestUpdate:
    @pytest.fixture
    def pods(self, monkeypatch):
        pods = PlayedPods()

        @contextmanager
        def following(*_):
            yield pods

        def patch(_cluster, _pods, _namespace, body):
            pods.patches.append(body["spec"]["template"]["metadata"]["annotations"][update.MARK])
            return 1

        monkeypatch.setattr(update, "following", following)
        monkeypatch.setattr(update, "_patch", patch)
        monkeypatch.setattr(update, "deployed_of", lambda *_, **__: SimpleNamespace(namespace="ours"))
        monkeypatch.setattr(update, "asker", lambda *_: PlayedProbe())
        monkeypatch.setattr(update, "repeated", lambda *_: None)
        monkeypatch.setattr(update, "is_updated", lambda *_: True)
        monkeypatch.setattr(update, "CALM_S", 0.0)
        return pods

    def test_each_update_makes_a_revision_that_was_not_there_before(self, context, pods):
        for _ in range(2):
            found = update._update(context, params(update.Update), CHOSEN)
            assert found.steps[0].seconds is not None
        first, second = pods.patches
        assert first != second

    def test_the_way_back_leads_to_the_revision_of_the_update(self, context, pods):
        pods.trouble = "ErrImagePull: no Image"
        found = update._update(context, params(update.Update, rollback=True), CHOSEN)
        assert [each.title for each in found.steps] == ["the update", "the way back"]
        made, broken, back = pods.patches
        assert made == back != broken


class TestScaling:
    def test_it_is_waited_until_a_probe_of_ours_is_not_counted_any_more(self, context, monkeypatch):
        stale = scaler("missing request for cpu in container probe of Pod infra-grader-probe-3")
        taken = []

        def await_scaler(_cluster, _namespace, _name, look, _deadline):
            taken[:] = [look(each) for each in (stale, scaler())]
            return next(filter(None, taken), None)

        deployed = Deployed(namespace="ours", objects=())
        monkeypatch.setattr(scaling, "deployed_of", lambda *_, **__: deployed)
        monkeypatch.setattr(scaling, "see_scalers", lambda *_: [stale])
        monkeypatch.setattr(scaling, "template_of", lambda *_: {})
        monkeypatch.setattr(scaling, "asker", lambda *_: PlayedProbe())
        monkeypatch.setattr(scaling, "await_scaler", await_scaler)
        monkeypatch.setattr(scaling, "_under_load", lambda *_: scaling.Scaled(scaler=_[-1], up_s=5.0))
        assert scaling._scale(context, params(scaling.Scaling), CHOSEN).up_s == 5.0
        assert taken == [None, scaler()]
        back = []
        monkeypatch.setattr(scaling, "scale_back", lambda *asked: back.append(asked[1:]))
        deployed.settling.settle(Deadline(5))
        assert back == [("ours", API, scaler())]

    @pytest.mark.parametrize(
        ("looks", "shown_s", "up_s"),
        [
            ([(50, 0.4, 2), (55, 2.0, 4)], 55, 0),
            ([(80, 2.0, 2), (130, 2.1, 4)], 80, 50),
            ([(20, 1.3, 2), (40, 0.9, 2), (70, 1.4, 2), (85, 1.4, 3)], 70, 15),
            ([(20, 1.1, 2), (60, 1.05, 2)], None, None),
            ([(20, 1.3, 2), (40, 0.9, 2)], None, None),
            ([(20, 1.3, 2), (75, 1.3, 2)], 20, None),
            ([(88, 1.3, 2), (120, 1.3, 2)], 88, None),
            ([(95, 1.3, 4)], None, None),
        ],
        ids=[
            "late metrics",
            "a window",
            "a lull",
            "at the target",
            "for a moment",
            "never",
            "late and never",
            "too late",
        ],
    )
    def test_the_clock_starts_when_the_metrics_show_the_load(self, context, monkeypatch, looks, shown_s, up_s):
        """Each look is the second of the load, the use as a multiple of its target, and the pods that are wanted."""
        clock = PlayedClock(looks)
        monkeypatch.setattr(scaling, "time", clock)
        monkeypatch.setattr(scaling, "Deadline", lambda seconds: clock.now + seconds)
        monkeypatch.setattr(scaling, "await_scaler", clock.await_scaler)
        context.deadline = SimpleNamespace(remaining=lambda: 400, check=lambda: None)
        found = scaling._await_more(context, params(scaling.Scaling), "ours", scaler())
        assert (found.shown_s, found.up_s) == (shown_s, up_s)
        assert (found.peak is None) is (up_s is None)

    def test_other_checks_of_the_run_measure_before_it(self, context, monkeypatch):
        """What it has scaled up stays so for minutes, and would be in their way."""
        asked = []

        @contextmanager
        def measuring(*_, **how):
            asked.append(how)
            yield

        monkeypatch.setattr(scaling, "measuring", measuring)
        monkeypatch.setattr(scaling, "target_of", lambda *_: CHOSEN)
        monkeypatch.setattr(scaling, "_scale", lambda *_: scaling.Scaled(scaler=scaler(), up_s=5.0, pressure=2.0))
        context.observe = lambda _name, _type, make: make()
        assert scaling.scaling(context, params(scaling.Scaling)).status == "passed"
        assert asked == [{"yields": True}]


def scaler(trouble=""):
    return Scaler(name="hpa", target=API.title, least=2, most=5, current=2, desired=2, is_active=not trouble,
                  reason="FailedGetResourceMetric" if trouble else "ValidMetricFound", message=trouble)  # fmt: skip


class TestFollowing:
    def test_a_workload_that_was_scaled_up_is_waited_for_as_long_as_for_its_pods_otherwise(self):
        asked = []

        class Watch:
            now = ((), (), (DEPLOYMENT,))

            def until(self, _look, deadline):
                asked.append(deadline.seconds)
                return 1

        Following(Watch(), API).await_whole(180.0, Deadline(600))
        Following(Watch(), API).await_whole(5.0, Deadline(600))
        Following(Watch(), API).await_whole(180.0, Deadline(60))
        assert asked[:2] == [180.0, 30.0]
        assert asked[2] <= 60


class TestBeside:
    """What a release brings up that stands in another namespace of the run than the submission's first one."""

    class Pod:
        """One that gets every answer at once."""

        def look_up(self, names, _seconds, _deadline, **_):
            return [Name(name=name, state="known", seconds=0.1) for name in names]

        def reach(self, targets, _seconds, _deadline, **_):
            return [Reached(state="open", tries=1, is_steady=True) for _ in targets]

    @pytest.fixture
    def places(self, context, monkeypatch):
        """Play probes; return where they are put."""
        found = []

        @contextmanager
        def probes(_live, places, _deadline):
            found.extend(places)
            yield [self.Pod() for _ in places]

        context.kubernetes.namespace = "ours"
        context.kubernetes.other_namespace = lambda purpose: f"ours-{purpose}"
        context.kubernetes.cluster = SimpleNamespace(get=lambda *_: {"metadata": {"labels": {}}})
        for kind in (dns, reachable):
            monkeypatch.setattr(kind, "probes", probes)
            monkeypatch.setattr(kind, "deployed_of", lambda *_, **__: SimpleNamespace(namespace="release"))
        monkeypatch.setattr(reachable, "asker", lambda *_: self.Pod())
        monkeypatch.setattr(_clients, "find_policies", lambda _live, namespace: [] if namespace == "release" else None)
        return found

    def test_names_are_asked_for_there(self, context, places):
        dns._ask(context, params(dns.Dns), THINGS, ["api"])
        assert {each.namespace for each in places} == {"release"}

    def test_who_asks_inside_asks_there(self, context, places):
        clients = [
            {"reaches": True},
            {"reaches": True, "like": "api"},
            {"reaches": True, "admitted": True},
            {"reaches": True, "where": "outside"},
        ]
        reachable._ask(context, params(reachable.Reachable, clients=clients), THINGS, CHOSEN)
        assert [each.namespace for each in places] == ["release", "release", "release", "ours-outside"]


class TestReachable:
    """Rows that no pod of ours can act out, since the rules name a namespace that is not ours."""

    NAMED: ClassVar = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    ASKING: ClassVar = [{"reaches": False}, {"reaches": True, "where": "outside", "labels": {"app": "nginx"}}]

    @pytest.fixture
    def ask(self, context, monkeypatch):
        """Return the rows that come of a peer of a rule, where it lets no pod of ours in."""

        class Pod:
            """One that is let in where our own policies see to it, and kept out otherwise."""

            def __init__(self, state="silent"):
                self.state = state

            def reach(self, targets, *_, **__):
                is_open = self.state == "open"
                return [Reached(state=self.state, tries=1, is_steady=each.is_wanted is is_open) for each in targets]

        @contextmanager
        def probes(_live, places, _deadline):
            yield [Pod() for _ in places]

        context.kubernetes.other_namespace = lambda purpose: f"ours-{purpose}"
        context.kubernetes.cluster = SimpleNamespace(get=lambda *_: {"metadata": {"labels": {}}})
        monkeypatch.setattr(reachable, "probes", probes)
        monkeypatch.setattr(reachable, "deployed_of", lambda *_, **__: SimpleNamespace(namespace="ours"))
        monkeypatch.setattr(reachable, "asker", lambda *_: Pod("open"))

        def ask(peer, clients=self.ASKING):
            rule = {"podSelector": {"matchLabels": {"app": "api"}}, "ingress": [{"from": [peer]}]}
            monkeypatch.setattr(_clients, "find_policies", lambda *_: [policy(rule)])
            asked = params(reachable.Reachable, clients=clients)
            found = reachable._ask(context, asked, THINGS, CHOSEN)
            return found.rows, lambda: reachable.judge(asked, CHOSEN, found)

        return ask

    def test_one_who_is_let_in_from_a_namespace_of_another_name_costs_nothing(self, ask):
        rows, judge = ask({**self.NAMED, "podSelector": {"matchLabels": {"app": "nginx"}}})
        assert [bool(each.left_out) for each in rows] == [False, True]
        outcome = judge()
        assert outcome.status == "passed"
        assert outcome.message.endswith(
            "a pod of another namespace with app=nginx could not ask here: the rules let in only another namespace, "
            "kubernetes.io/metadata.name=ingress-nginx, which is not here."
        )

    def test_nor_does_one_whom_the_rules_are_to_name(self, ask):
        rows, judge = ask(self.NAMED, [{"reaches": False}, {"reaches": True, "admitted": True}])
        assert [bool(each.left_out) for each in rows] == [False, True]
        assert judge().status == "passed"

    def test_where_nobody_else_asks_nothing_is_known(self, ask):
        _, judge = ask(self.NAMED, self.ASKING[1:])
        with pytest.raises(NotAssessed, match="the rules let in only another namespace"):
            judge()

    @pytest.mark.parametrize(
        "peer",
        [
            {"podSelector": {"matchLabels": {"app": "nginx"}}},
            {**NAMED, "podSelector": {"matchLabels": {"app": "front"}}},
        ],
        ids=["of its own namespace", "with other labels"],
    )
    def test_one_whom_no_rule_lets_in_at_all_is_lost(self, ask, peer):
        rows, judge = ask(peer)
        assert [bool(each.left_out) for each in rows] == [False, False]
        assert judge().fraction == 0


class TestTurns:
    """Kinds that ask pods wait while another one ends some, and the other way round."""

    @pytest.fixture
    def busy(self, context, monkeypatch):
        """Play a run in which another check asks what was deployed all the time."""
        made = {}
        live = context.kubernetes
        live.once = lambda key, make: made.setdefault(key, make())
        live.turn = lambda _deadline, **_: nullcontext()
        monkeypatch.setattr(turns, "PATIENCE_S", 0.2)
        context.observe = lambda _name, _type, make, **_: make()
        context.tell = lambda _said: None
        for kind in (endpoints, commands, resource):
            monkeypatch.setattr(kind, "deployed_of", lambda *_, **__: SimpleNamespace(namespace="ours"))
        monkeypatch.setattr(endpoints, "target_of", lambda *_: CHOSEN)
        monkeypatch.setattr(commands, "things_of", lambda *_: THINGS)
        begun, over = threading.Event(), threading.Event()

        def hold():
            with alone(live, Deadline(60)):
                begun.set()
                over.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        begun.wait(60)
        yield context
        over.set()
        thread.join()

    @pytest.mark.parametrize(
        "ask",
        [
            lambda context: endpoints.endpoints(context, params(endpoints.Endpoints)),
            lambda context: resource.resource(context, params(resource.Resource, kind="ResourceQuota", expect=QUOTA)),
            lambda context: commands.execute(context, params(commands.Exec, cases=[CASE])),
            lambda context: _rollout_drills.stops(context, DEPLOYED, [], 5.0, 60.0),
            lambda context: _rollout_drills.undo(context, DEPLOYED, [], 60.0),
        ],
        ids=["endpoints", "quota", "exec", "stops", "undo"],
    )
    def test_they_take_turns_in_a_run(self, busy, ask):
        with pytest.raises(NotAssessed, match="Other checks kept the Service busy"):
            ask(busy)


class TestSettling:
    """Who takes the turn after a pod was asked to stop waits for the new one."""

    @pytest.fixture
    def stop(self, context, monkeypatch):
        """Return how to play a drill, and what is waited for by one who takes the turn when the drill gives it back."""
        deployed, waited = Deployed(namespace="ours", objects=()), []

        @contextmanager
        def measuring(*_):
            try:
                yield
            finally:
                deployed.settling.settle(context.deadline)

        monkeypatch.setattr(_rollout_drills, "measuring", measuring)
        monkeypatch.setattr(_rollout_drills, "await_back", lambda *_: waited.append("back"))
        context.observe = lambda _name, _type, make: make()
        context.tell = lambda _said: None

        def play(stop_one_each):
            monkeypatch.setattr(_rollout_drills, "stop_one_each", stop_one_each)
            return _rollout_drills.stops(context, deployed, [], 5.0, 60.0)

        return play, waited

    def test_there_is_no_moment_in_which_nobody_would(self, stop):
        play, waited = stop
        gone = Stop(workload="Deployment api", pod="api-1", seconds=1.0, grace_s=30, hooks=(), is_gone=True)
        assert play(lambda *_: Stops(stops=(gone,))).fraction == 1
        assert waited == ["back"]

    def test_nor_is_there_one_after_a_drill_that_ends_badly(self, stop):
        play, waited = stop

        def overrun(*_):
            raise deadlines.Overrun

        with pytest.raises(deadlines.Overrun):
            play(overrun)
        assert waited == ["back"]


class TestWaiting:
    """Time that is spent on waiting for the lab is nobody's."""

    @pytest.fixture
    def waits(self, context, monkeypatch):
        """Return how to wait for an image to be pushed, or for a place, so many seconds of a clock that is played."""
        clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
        for module in (deadlines, apply):
            monkeypatch.setattr(module, "time", clock)
        context.deadline = Deadline(100)
        context.tell = lambda _said: None
        context.observe = lambda name, _type, make, **_: (
            make() if name in ("applied", "release") else SimpleNamespace(is_served=None)
        )
        monkeypatch.setattr(live_pushed, "image_of", lambda *_: SimpleNamespace(id="i"))
        context.shared = lambda *_, **__: pass_by(110)

        def pass_by(seconds):
            clock.now += seconds
            return "there"

        live = context.kubernetes = object.__new__(LiveKubernetes)
        monkeypatch.setattr(LiveKubernetes, "namespace", property(lambda _: pass_by(400)))
        monkeypatch.setattr(LiveKubernetes, "other_namespace", lambda _self, purpose: f"{pass_by(30)}-{purpose}")
        live.cluster = SimpleNamespace(resource=lambda *_: None)
        monkeypatch.setattr(LiveKubernetes, "guard", lambda *_, **__: None)
        return pass_by

    def test_of_kubernetes_apply(self, context, waits, monkeypatch):
        spent = []
        monkeypatch.setattr(apply, "read_source", lambda *_: SimpleNamespace(own=True, objects=()))
        monkeypatch.setattr(apply, "refuse", lambda *_, **__: None)
        monkeypatch.setattr(apply, "rewrite", lambda *_: None)
        monkeypatch.setattr(apply, "_target", lambda *_: None)
        monkeypatch.setattr(apply, "judge", lambda *given, **_: given[-1])
        monkeypatch.setattr(apply, "apply_all", lambda *_, **__: spent.append(waits(60)))
        applied = apply.apply(context, msgspec.convert({"manifests": "k8s", "images": {"*": "image"}}, apply.Apply))
        assert (applied.namespace, applied.seconds) == ("there", 60)
        assert context.deadline.remaining() == 40

    def test_of_helm_install(self, context, waits, monkeypatch):
        chart = ManifestSet(source="the chart", objects=())
        facts = Facts(served={}, storage_classes=(), scale="1")
        plan = install.Plan(chart=None, first=chart, second=chart, facts=facts)

        class Steps:
            steps, changed, left = (), (), ()

            def __init__(self, *_):
                pass

            def all(self, _helm, _wanted):
                waits(60)

        @contextmanager
        def lent_helm(*_):
            yield None

        monkeypatch.setattr(install, "Steps", Steps)
        monkeypatch.setattr(install, "lent_helm", lent_helm)
        monkeypatch.setattr(install, "write_chart", lambda *_: None)
        context.command = SimpleNamespace(scratch=None)
        monkeypatch.setattr(install.tempfile, "mkdtemp", lambda **_: "/nowhere")
        given = msgspec.convert({"chart": "chart", "images": {"*": "image"}, "steps": ["upgrade"]}, install.Install)
        released = install._release(context, given, plan)
        assert released.namespace.startswith("there-helm-")
        assert context.deadline.remaining() == 40
