"""Python files read into facts: definitions, bodies that are work, suppressions, faults."""

from __future__ import annotations

import textwrap
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.python_names import Names, answers_to
from infra_grader.reading.python_source import parse_source


def read(text, given_text=""):
    return parse_source(TextFile("a.py", textwrap.dedent(text)), textwrap.dedent(given_text))


def only_function(text):
    return read(text).functions[0]


HOLLOW = [
    "pass",
    "...",
    '"""Only a docstring."""',
    "raise NotImplementedError",
    "raise NotImplementedError('later')",
    "raise Exception('TODO: implement')",
    "return",
    "return None",
    "return {}",
    "return dict()",
    "return None, 0.0",
    "return (None, None, None)",
    "return data",
    "return True",
    "result = None\nreturn result",
    "result = []\nresult = data\nreturn result",
    "logger.info('done')",
    "self.logger.info('done with %s', len(data))\nreturn data",
    "print(f'{data} done')",
    "import os",
    "global x",
    "del data",
    "if False:\n    return run(data)",
    "if not data:\n    pass",
    "return None\nreturn run(data)",
    "try:\n    logger.info('x')\n    return None\nexcept Exception as e:\n    logger.error(e)\n    raise",
    "with lock:\n    pass",
    "for x in data:\n    pass",
    "while True:\n    break",
    "def inner():\n    pass",
    "yield",
    "yield None",
    "pytest.skip('TODO')",
    "assert True",
    "logger = logging.getLogger(__name__)",
    "super().__init__()",
    "x: int",
    "data",
]

WORK = [
    "return run(data)",
    "return data + 1",
    "return self.device",
    "return {'status': 'healthy'}",
    "return 'resnet50'",
    "return f'{data}!'",
    "data.sort()",
    "self.name = data",
    "self.items = []",
    "data['x'] = None or run()",
    "print(run(data))",
    "logger.info(predict(data))",
    "if data:\n    return True\nreturn False",
    "if data is None:\n    raise ValueError('missing')",
    "data = clean(data)\nreturn data",
    "x = run(data)",
    "yield from data",
    "yield run(data)",
    "await run(data)",
    "assert data",
    "for x in data:\n    x.close()",
    "with open(data) as file:\n    return file.read()",
    "try:\n    return run(data)\nfinally:\n    pass",
    "match data:\n    case 1:\n        return 'one'",
    "def inner():\n    return run(data)\nreturn inner",
    "data += 1",
]


@pytest.mark.parametrize("body", HOLLOW)
def test_a_stub_has_no_body_of_its_own(body):
    function = only_function(f"async def f(self, data):\n{textwrap.indent(body, '    ')}\n")
    assert not function.has_own_body


@pytest.mark.parametrize("body", WORK)
def test_work_is_a_body_of_its_own(body):
    if "yield from" in body:
        function = only_function(f"def f(self, data):\n{textwrap.indent(body, '    ')}\n")
    else:
        function = only_function(f"async def f(self, data):\n{textwrap.indent(body, '    ')}\n")
    assert function.has_own_body


def test_definitions_have_qualified_names_and_lines():
    source = read("""
        class Outer:
            class Inner:
                def method(self):
                    def nested(): ...
        if ready:
            def chosen(): ...
        try:
            import fast
        except ImportError:
            def slow(): ...
        if False:
            def never(): ...
    """)
    assert [(item.name, item.line) for item in source.definitions] == [
        ("Outer", 2),
        ("Outer.Inner", 3),
        ("Outer.Inner.method", 4),
        ("Outer.Inner.method.nested", 5),
        ("chosen", 7),
        ("slow", 11),
    ]
    assert [item.name for item in source.definitions if item.is_nested] == ["Outer.Inner.method.nested"]


def test_annotations_leave_self_and_the_value_of_init_out():
    source = read("""
        class A:
            def __init__(self, x: int): ...
            @classmethod
            def make(cls, *args: int, **kw: str) -> "A": ...
            @staticmethod
            def join(a, b: int): ...
        def f(a, /, b: int, *, c=1) -> None: ...
        def g(): ...
    """)
    assert [item.missing_annotations for item in source.functions] == [[], [], ["a", "return"], ["a", "c"], ["return"]]


def test_length_leaves_the_docstring_out():
    assert only_function('def f():\n    """One.\n\n    Two.\n    """\n    return 1 + x\n').length == 2


def test_complexity_counts_decisions():
    assert only_function("def f(x):\n    return x\n").complexity == 1
    assert (
        only_function("def f(x):\n    if x:\n        1\n    elif x:\n        2\n    else:\n        3\n").complexity == 3
    )


def test_an_unchanged_function_of_the_starter_is_given():
    source = read("def a():\n    return run()\n\n\ndef b():\n    return go()\n", "def a():\n    return run()\n")
    assert [item.has_own_body for item in source.functions] == [False, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\ndef f(:\n", 2),
        ("x = '", 1),
        ("if x:\n  y\n z\n", 3),
        ("x = 1\0", None),
        ("x = " + "9" * 5000, None),
        ("x = " + "(" * 5000 + ")" * 5000, None),
        ("x = " + "not " * 3000 + "y", None),
        ("x = " + "+".join("a" * 2000), None),
        ("x = a" + ".a" * 2000, None),
        ("if x: pass\n" + "elif x: pass\n" * 2000, None),
        ("\n".join(" " * depth + "if x:" for depth in range(200)), None),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_never_raised(text, line):
    source = read(text)
    assert source.fault is not None
    assert source.fault.message
    assert line is None or source.fault.line == line
    assert source.definitions == ()
    assert not source.has_work


def test_invalid_escapes_warn_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read('x = "\\d"\n').fault is None


def test_suppressions_are_found_and_made_void():
    text = "import os  # noqa: F401\nx = '# noqa'\ny = f(1)  # type: ignore[arg] # noqa\n"
    source = read(
        text
        + "# mypy: ignore-errors\n# ruff: noqa\nz = 1  # pragma: no cover\n# pylint: disable=all\n# a plain comment\n"
    )
    assert [item.line for item in source.suppressions] == [1, 3, 4, 5, 6, 7]
    void = source.unsuppressed.split("\n")
    assert void[:2] == ["import os  # n_qa: F401", "x = '# noqa'"]
    assert void[2] == "y = f(1)  # t_pe: ignore[arg] # n_qa"
    assert [len(line) for line in void] == [len(line) for line in source.text.split("\n")]


def test_suppressions_of_a_broken_file_do_not_raise():
    assert read("x = (  # noqa\n").suppressions
    assert read("'''\n# noqa").suppressions == ()


@given(st.text(alphabet=st.sampled_from("abc_ \n\t()[]{}:=.,#'\"\\@!0 1ifdefclassreturn"), max_size=200))
def test_any_text_can_be_read(text):
    source = parse_source(TextFile("a.py", text))
    assert source.unsuppressed.count("\n") == text.count("\n")
    Names(source).calls()


def test_names_are_resolved_through_aliases_and_instances():
    names = Names(
        read("""
        import os.path as p
        import torch.nn
        from . import tools
        from .config import Config as C
        from mlflow.tracking import MlflowClient
        client = MlflowClient()
        client.log_metric("a", 1)
        p.join("a")
        torch.nn.Linear(1)
        class A:
            def __init__(self):
                self.client = C.load()
            def run(self):
                self.client.send()
        with open("x") as file:
            file.read()
        C().go()
        """)
    )
    called = [item.name for item in names.calls()]
    assert called == [
        "mlflow.tracking.MlflowClient",
        "mlflow.tracking.MlflowClient.log_metric",
        "os.path.join",
        "torch.nn.Linear",
        ".config.Config.load",
        ".config.Config.load.send",
        "open",
        "open.read",
        ".config.Config.go",
        ".config.Config",
    ]
    assert {item.name for item in names.used_imports()} >= {"torch", "torch.nn", "os.path", ".config.Config"}
    assert ".tools" not in {item.name for item in names.used_imports()}


@pytest.mark.parametrize(
    ("name", "wanted", "within", "answers"),
    [
        ("torch.no_grad", "torch", False, True),
        ("torch.no_grad", "no_grad", False, True),
        ("torch.no_grad", "grad", False, False),
        ("torchvision.x", "torch", False, False),
        (".config.Config", "config", False, True),
        ("src.config.Config", "config", False, False),
        ("src.config.Config", "config", True, True),
    ],
)
def test_a_name_answers_to_its_parts(name, wanted, within, answers):
    assert answers_to(name, wanted, within=within) is answers


def test_constants_do_not_grow_without_end():
    text = "a = 'xxxxxxxxxx'\n" + "\n".join(f"{chr(98 + i)} = {chr(97 + i)} + {chr(97 + i)}" for i in range(24))
    names = Names(read(text))
    assert max(len(str(value)) for value in names.constants.values()) <= 10_000
    assert Names(read("x = 2 * 3 + 1\ny = -x\nz = f'{x}!'\nw = 9 ** 9 ** 9\n")).constants == {
        "x": 7,
        "y": -7,
        "z": "7!",
    }
