"""What the names in a Python file stand for: imports under their aliases, instances, constants, calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from infra_grader.model.record import Record
from infra_grader.reading.python_flow import UNKNOWN, literal, live_nodes
from infra_grader.reading.python_source import Source


class Reference(Record):
    """Something that a file imports, calls or builds on, and where."""

    name: str
    """Dotted, with aliases resolved: `torch.no_grad`."""
    line: int


class Names:
    """The names of one file, read from the code that can run."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.live = list(live_nodes(source.tree))
        """Every node that can run, in the order of the text."""
        self.imports: dict[str, str] = {}
        """What a name that was imported stands for: `np` for `numpy`; relative ones begin with dots."""
        self.instances: dict[str, str] = {}
        """What made the value of a variable, or what of a module it is: `app` by `flask.Flask`."""
        self.constants: dict[str, object] = {}
        """Values of names that are given a literal once."""
        self._import_lines: dict[str, int] = {}
        self._read_imports()
        self._roots = {target.partition(".")[0] for target in self.imports.values()}
        self._read_assignments()

    @property
    def path(self) -> str:
        """Path of the file."""
        return self.source.path

    def resolve(self, node: ast.AST) -> str:
        """Return the dotted name of an expression, with imports and instances resolved, or nothing."""
        parts: list[str] = []
        while True:
            written = written_name(node)
            if written in self.instances:
                return ".".join([self.instances[written], *reversed(parts)])
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call):
                node = node.func
            elif isinstance(node, ast.Subscript | ast.Await):
                node = node.value
            else:
                break
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.imports.get(node.id, node.id), *reversed(parts)])

    def used_imports(self) -> list[Reference]:
        """Return what is imported and then used, or handed on by an `__init__.py`; also by `import_module`.

        Of a module that is used, the names that are read from it count too: `torch.hub` after `import torch`.
        """
        idle = self._idle_nodes()
        loaded: dict[str, int] = {}
        found: list[Reference] = []
        for node in self.live:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in idle:
                loaded.setdefault(node.id, node.lineno)
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in self.imports
                and id(node) not in idle
            ):
                found.append(Reference(name=f"{self.imports[node.value.id]}.{node.attr}", line=node.lineno))
            elif isinstance(node, ast.Call) and self.resolve(node.func) == "importlib.import_module" and node.args:
                module = literal(node.args[0], self.constants)
                found += [Reference(name=module, line=node.lineno)] if isinstance(module, str) else []
        is_package = self.path.endswith("__init__.py")
        return [
            Reference(name=target, line=self._import_lines[name])
            for name, target in self.imports.items()
            if is_package or name in loaded or name.startswith("*")
        ] + found

    def _idle_nodes(self) -> set[int]:
        """Return the ids of the nodes that do nothing with what they name: alone on a line, or given to `_`."""
        idle: set[int] = set()
        for node in self.live:
            value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
            if isinstance(node, ast.Assign) and {written_name(item) for item in node.targets} != {"_"}:
                continue
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
            # `torch.hub` alone does as little as `torch`
            named = [part for part in parts if part is not None and written_name(part)]
            idle.update(id(inner) for part in named for inner in ast.walk(part))
        return idle

    def calls(self) -> list[Reference]:
        """Return what is called, decorators included."""
        found: list[Reference] = []
        for node in self.live:
            called = [node] if isinstance(node, ast.Call) else getattr(node, "decorator_list", ())
            found += [Reference(name=name, line=item.lineno) for item in called if (name := self.resolve(item))]
        return found

    def bases(self) -> list[Reference]:
        """Return what classes build on."""
        return [
            Reference(name=name, line=node.lineno)
            for node in self.live
            if isinstance(node, ast.ClassDef)
            for base in node.bases
            if (name := self.resolve(base))
        ]

    def _read_imports(self) -> None:
        for node in self.live:
            if isinstance(node, ast.Import):
                for item in node.names:
                    bound = item.asname or item.name.partition(".")[0]
                    # `import a.b` binds `a`, and both names are imported
                    self._bind(bound, item.name if item.asname else bound, node.lineno)
                    if not item.asname and "." in item.name:
                        self._bind_submodule(bound, item.name, node.lineno)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for item in node.names:
                    joined = f"{module}{item.name}" if module.endswith(".") else f"{module}.{item.name}"
                    bound = item.asname or item.name
                    self._bind(f"*{module}" if bound == "*" else bound, joined, node.lineno)

    def _bind(self, bound: str, target: str, line: int) -> None:
        self.imports[bound] = target
        self._import_lines[bound] = line

    def _bind_submodule(self, bound: str, target: str, line: int) -> None:
        self.imports.setdefault(f"*{target}", target)
        self._import_lines.setdefault(f"*{target}", line)
        self._import_lines[bound] = line

    def _origin(self, value: ast.AST) -> str:
        """Return what made a value, or what of a module it is: `env = os.environ`, `{**defaults, **os.environ}`."""
        if isinstance(value, ast.Dict):
            spread = [part for key, part in zip(value.keys, value.values, strict=True) if key is None]
            return self._origin(spread[-1]) if spread else ""
        if isinstance(value, ast.Attribute):
            name = self.resolve(value)
            return name if name.partition(".")[0] in self._roots else ""
        return self.resolve(value) if isinstance(value, ast.Call | ast.Await) else ""

    def _read_assignments(self) -> None:
        once: dict[str, int] = {}
        values: dict[str, ast.AST] = {}
        for target, value in _assignments(self.live):
            once[target] = once.get(target, 0) + 1
            values[target] = value
            if made := self._origin(value):
                self.instances.setdefault(target, made)
        for target, value in values.items():
            known = literal(value, self.constants) if once[target] == 1 else UNKNOWN
            if known is not UNKNOWN and not _is_nested(known):
                self.constants[target] = known


def _is_nested(value: object) -> bool:
    """Whether a list holds lists: those could grow from line to line without end."""
    return isinstance(value, list) and any(isinstance(item, list) for item in value)


def _assignments(nodes: Iterable[ast.AST]) -> Iterable[tuple[str, ast.AST]]:
    for node in nodes:
        pairs: list[tuple[ast.AST, ast.AST | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.With | ast.AsyncWith):
            pairs = [(item.optional_vars, item.context_expr) for item in node.items if item.optional_vars]
        for target, value in pairs:
            written = written_name(target)
            if written and value is not None:
                yield written, value


def written_name(node: ast.AST) -> str:
    """Return a variable or an attribute of one as written: `app`, `self.app`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def answers_to(name: str, wanted: str, *, within: bool = False) -> bool:
    """Whether a dotted name is the wanted one, lies in it, or ends with it at a dot.

    `torch.no_grad` answers to `torch`, `torch.no_grad` and `no_grad`; `within` lets it stand in the middle too, as
    a module's name does: `src.config.Config` to `config`.
    """
    dotted = f".{name.lstrip('.')}."
    if within:
        return f".{wanted}." in dotted
    return dotted.startswith(f".{wanted}.") or dotted.endswith(f".{wanted}.")
