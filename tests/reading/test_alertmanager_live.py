"""Whom a configuration of Alertmanager tells, and how long it waits before it does."""

from __future__ import annotations

from infra_grader.reading.alertmanager_live import read_setup

CONFIG = """
route:
  receiver: mail
  group_wait: 20s
  routes:
    - {receiver: pager, group_wait: 1m, routes: [{receiver: hook}]}
    - {receiver: hook, group_wait: 5s}
    - {matchers: ['a="b"']}
receivers:
  - {name: mail, email_configs: [{to: a@example.com}]}
  - {name: pager, pagerduty_configs: [{routing_key_file: /key}], slack_configs: []}
  - name: hook
    webhook_configs: [{url: "http://hook.example.com:8080/x"}, {url: "https://safe.example.com/"}, {url_file: /url}]
  - {name: nobody}
"""


def test_each_receiver_has_its_ways():
    assert read_setup(CONFIG).ways == {
        "mail": ("email",),
        "pager": ("pagerduty",),
        "hook": ("webhook",),
        "nobody": (),
    }


def test_only_plain_webhooks_can_arrive_at_another_place():
    assert read_setup(CONFIG).hosts == (("hook.example.com", 8080),)


def test_a_route_waits_as_long_as_the_one_above_it():
    assert read_setup(CONFIG).waits == {"mail": 20.0, "pager": 60.0, "hook": 60.0}


def test_odd_configurations_tell_nobody():
    for text in ("", "a: [", "receivers: 3", "receivers: [1, {webhook_configs: 2}]", "route: [1]"):
        setup = read_setup(text)
        assert not setup.hosts
        assert not any(setup.ways.values())
