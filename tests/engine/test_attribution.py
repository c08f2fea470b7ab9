"""Live checks and the capability that they look at: whose fault a loss is."""

import pytest

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine import attribution
from infra_grader.engine.ask import Session, ask
from infra_grader.engine.attribution import attributed
from infra_grader.model.outcome import CheckFailed, NotAssessed, Outcome, Status, Unavailable
from infra_grader.model.rubric import CheckSpec
from infra_grader.plugin import Context, Params, check


class Daemon:
    """Answers as often as it is told, and counts."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    def probe(self) -> None:
        if not (self.answers.pop(0) if self.answers else True):
            raise Unavailable("down", "start it")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(attribution, "PAUSE_S", 0.0)


def test_what_passes_is_not_probed_again():
    daemon = Daemon(True, False)
    assert attributed(lambda: Outcome.passed("fine"), [daemon], Deadline(5)).status is Status.PASSED
    assert daemon.answers == [False]


@pytest.mark.parametrize("loss", ["fails", "raises"])
def test_a_loss_while_the_daemon_lives_is_the_learners(loss):
    def ask() -> Outcome:
        if loss == "raises":
            raise CheckFailed("broken")
        return Outcome.failed("broken")

    if loss == "raises":
        with pytest.raises(CheckFailed, match="broken"):
            attributed(ask, [Daemon()], Deadline(5))
    else:
        assert attributed(ask, [Daemon()], Deadline(5)).status is Status.FAILED


def test_a_loss_while_the_daemon_was_down_is_asked_again():
    outcomes = iter([Outcome.failed("broken off"), Outcome.passed("fine")])
    assert attributed(lambda: next(outcomes), [Daemon(True, False)], Deadline(5)).status is Status.PASSED


def test_a_daemon_that_is_down_twice_leaves_it_open():
    with pytest.raises(Unavailable):
        attributed(lambda: Outcome.failed("broken off"), [Daemon(True, False, True, False)], Deadline(5))


def test_a_daemon_that_answers_at_the_second_look_will_do():
    assert attributed(lambda: Outcome.passed("fine"), [Daemon(False)], Deadline(5)).status is Status.PASSED


def test_what_this_machine_lacks_is_not_asked_again():
    asked = []

    def ask() -> Outcome:
        asked.append(1)
        raise NotAssessed("no builder")

    with pytest.raises(NotAssessed, match="no builder"):
        attributed(ask, [Daemon()], Deadline(5))
    assert len(asked) == 1


@pytest.mark.parametrize(("seconds", "raised"), [(0.2, Unavailable), (60, Overrun)])
def test_time_that_the_daemon_was_down_is_not_missed_by_the_learner(monkeypatch, seconds, raised):
    """The second time is too short, since the first one took a large part of it, or is the learner's."""
    monkeypatch.setattr(attribution, "PAUSE_S", 0.1)

    def ask() -> Outcome:
        raise Overrun

    with pytest.raises(raised):
        attributed(ask, [Daemon(False)], Deadline(seconds))


def test_without_time_it_is_not_asked_again():
    with pytest.raises(Unavailable):
        attributed(lambda: Outcome.passed("fine"), [Daemon(False)], Deadline(0))


class Asking(Params):
    """Nothing is asked of it."""


def asks(*capabilities, outcomes):
    """Return a kind with these capabilities that gives one outcome after another."""

    @check("course.asks", capabilities=capabilities)
    def ask_it(_context: Context, _params: Asking) -> Outcome:
        """It answers."""
        return outcomes.pop(0)

    return ask_it.__infra_grader_kind__


@pytest.mark.parametrize(
    ("capabilities", "status"),
    [(("http",), Status.PASSED), (("docker",), Status.PASSED), (("command",), Status.FAILED)],
)
def test_what_asks_a_service_is_excused_with_the_daemon_that_it_may_run_in(tmp_path, capabilities, status):
    kind = asks(*capabilities, outcomes=[Outcome.failed("broken off"), Outcome.passed("fine")])
    daemon = Daemon(True, False)
    opened = {"docker": lambda _shared: daemon, "http": lambda _shared: None, "command": lambda _shared: None}
    workspace = Workspace(tmp_path)
    with Session(workspace=workspace, rubric_folder=tmp_path, find_kind=lambda _name: kind, openers=opened) as session:
        session.shared.get(("capability", "docker"), lambda: daemon)
        spec = CheckSpec(id="x", title="X", uses=kind.name, params=Asking())
        assert ask(spec, kind, session, Deadline(5)).status is status


def test_a_daemon_that_nobody_has_opened_is_not_looked_for(tmp_path):
    kind = asks("http", outcomes=[Outcome.failed("no")])
    opened = {"http": lambda _shared: None}
    workspace = Workspace(tmp_path)
    with Session(workspace=workspace, rubric_folder=tmp_path, find_kind=lambda _name: kind, openers=opened) as session:
        spec = CheckSpec(id="x", title="X", uses=kind.name, params=Asking())
        assert ask(spec, kind, session, Deadline(5)).status is Status.FAILED


def test_what_was_made_for_several_checks_while_the_daemon_was_down_is_made_again(tmp_path):
    """Such as an image: that its build broke off is not kept for who asks next."""
    builds = []

    def build() -> str:
        builds.append(1)
        if len(builds) == 1:
            raise CheckFailed("it broke off")
        return "image"

    @check("course.builds", capabilities=("docker",))
    def builds_it(context: Context, _params: Asking) -> Outcome:
        """It builds."""
        return Outcome.passed(context.shared("image", build))

    kind = builds_it.__infra_grader_kind__
    daemon = Daemon(True, False)
    opened = {"docker": lambda _shared: daemon}
    workspace = Workspace(tmp_path)
    with Session(workspace=workspace, rubric_folder=tmp_path, find_kind=lambda _name: kind, openers=opened) as session:
        spec = CheckSpec(id="x", title="X", uses=kind.name, params=Asking())
        assert ask(spec, kind, session, Deadline(5)).message == "image"
    assert len(builds) == 2
