"""A compose project on its way up: started by compose, watched until every service is up or down for good."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from infra_grader.capabilities.compose_project import Member, NotUp
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.docker_listening import why_silent
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.compose_live import Prepared
from infra_grader.reading.compose_state import Look, Rules, look_at

POLL_S = 0.3
LISTENERS_S = 5.0
HOOK = re.compile(r"^\s*(\S+) hook exited with status ([0-9]+)", re.MULTILINE)
"""What compose says of a command that it was to run in a container after its start."""


class Rise:
    """What came of starting a project."""

    def __init__(self, prepared: Prepared, rules: Rules, tell: Callable[[str], object]) -> None:
        self.prepared = prepared
        self.rules = rules
        self.problem = ""
        """What compose says of services that it did not start."""
        self.seconds = 0.0
        """Until it was seen what each service is like."""
        self.healthy: dict[str, float] = {}
        """When a service was last seen not to be healthy, before it was, in seconds since 1970."""
        self._looked = 0.0
        self._tell = tell
        self._told = ""

    def start(self, deadline: Deadline, whole: Deadline) -> None:
        """Have compose start the project; `deadline` is what the rubric allows, `whole` the check's own time."""
        began = time.monotonic()
        is_done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(is_done,), daemon=True)
        watcher.start()
        try:
            self.prepared.project.up(deadline)
        except NotUp as error:
            self.problem = str(error)
        except Overrun:
            whole.check()
            self.problem = f"not everything was started within {deadline.seconds:g} s"
        finally:
            is_done.set()
            watcher.join(timeout=POLL_S * 10)
            self.seconds = time.monotonic() - began

    def settle(self, names: Sequence[str], deadline: Deadline, whole: Deadline) -> dict[str, Look]:
        """Return what the services are like once nothing is to be expected any more, or at the deadline."""
        began = time.monotonic()
        while True:
            whole.check()
            looks = self.look(names, whole)
            waiting = [look for look in looks.values() if not look.is_up and not look.is_final]
            if self.problem:  # compose has given up, and what waits for others will never be started
                waiting = [look for look in waiting if look.member and look.member.state.status != "created"]
            if not waiting or not deadline.remaining():
                if waiting:  # where the check's own time was shorter than the rubric's, nobody can tell
                    whole.check()
                self.seconds += time.monotonic() - began
                return looks
            self._say(f"waiting for {', '.join(sorted(look.service for look in waiting))}")
            time.sleep(POLL_S)

    def stay(self, looks: Mapping[str, Look], seconds: float, deadline: Deadline) -> dict[str, Look]:
        """Return what the services are like after a while: what has crashed meanwhile is not up."""
        self._say(f"watching for {seconds:g} s whether all stay up")
        end = Deadline(min(seconds, deadline.remaining()))
        while end.remaining():
            time.sleep(min(POLL_S, end.remaining()))
        deadline.check()
        later = self.look(list(looks), deadline)
        return {name: self._stayed(look, later[name], seconds) for name, look in looks.items()}

    def look(self, names: Iterable[str], deadline: Deadline) -> dict[str, Look]:
        """Return what services are like now."""
        project = self.prepared.project
        members = project.members()
        self._note(members)

        def silent(member: Member, ports: Sequence[int]) -> str:
            if not ports:
                return ""
            limit = Deadline(min(LISTENERS_S, deadline.remaining()))
            found = project.container(member).listeners(limit)
            if found is None or any(one.is_reachable and one.port in ports for one in found):
                return ""
            return why_silent(found, ports[0])

        looks = {name: look_at(self.prepared.model, name, members, self.rules, silent) for name in names}
        for name, status in HOOK.findall(self.problem):  # its container runs on all the same
            if name in looks and looks[name].is_up:
                said = f"a command of its post_start ended with exit status {status}"
                looks[name] = looks[name].replace(is_up=False, is_final=True, said=said)
        return looks

    @staticmethod
    def _stayed(before: Look, after: Look, seconds: float) -> Look:
        if not before.is_up or not after.is_up or before.member is None or after.member is None:
            return after
        if before.member.state.started != after.member.state.started:
            return after.replace(is_up=False, said=f"it was started again within {seconds:g} s after it was up")
        return after

    def _watch(self, is_done: threading.Event) -> None:
        """Note when services become healthy, and say what is awaited, while compose starts them."""
        while not is_done.wait(POLL_S):
            try:
                members = self.prepared.project.members()
            except NotAssessed:  # whoever asks next is told
                return
            self._note(members)
            up = sum(member.state.is_running and member.state.health in ("", "healthy") for member in members)
            self._say(f"{up} of {len(self.prepared.model['services'])} services are up")

    def _note(self, members: Iterable[Member]) -> None:
        """Note which services are healthy that were not when they were looked at before."""
        for member in members:
            if member.state.health == "healthy":
                self.healthy.setdefault(member.service, self._looked)
        self._looked = time.time()

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(text)
