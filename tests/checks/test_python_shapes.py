"""Routes and settings in the many shapes that right and wrong code takes."""

from __future__ import annotations

import sys

import pytest

from infra_grader.testing import run_check

ROUTES = {"paths": ["src"], "routes": ["POST /predict", "GET /health"]}
VARIABLES = {"paths": ["src"], "variables": {"PORT": 5000, "DEBUG": None}}

SERVED = {
    "fastapi": """\
from fastapi import FastAPI, APIRouter
from work import load, check
app=FastAPI()
@app.post("/predict")
async def predict(file):
    data = load(file)
    return {"ok": data}
@app.get("/health")
def health():
    return {"status": check()}
""",
    "create_app": """\
from fastapi import FastAPI, APIRouter
from work import load, check
def create_app():
    app=FastAPI()
    @app.post("/predict")
    async def predict(file):
        return load(file)
    @app.get("/health")
    def health():
        return check()
    return app
app=create_app()
""",
    "register fn": """\
from fastapi import FastAPI, APIRouter
from work import load, check
def register(app):
    @app.post("/predict")
    async def predict(file):
        return load(file)
    @app.get("/health")
    def health():
        return check()
app=FastAPI()
register(app)
""",
    "class with self.app": """\
from fastapi import FastAPI, APIRouter
from work import load, check
class Service:
    def __init__(self):
        self.app=FastAPI()
        self.app.add_api_route("/predict", self.predict, methods=["POST"])
        self.app.add_api_route("/health", self.health)
    def predict(self, file):
        return load(file)
    def health(self):
        return check()
app=Service().app
""",
    "class self.router": """\
from fastapi import FastAPI, APIRouter
from work import load, check
class Service:
    def __init__(self):
        self.router=APIRouter()
        self.router.add_api_route("/predict", self.predict, methods=["POST"])
        self.router.add_api_route("/health", self.health)
    def predict(self, file):
        return load(file)
    def health(self):
        return check()
app=FastAPI()
s=Service()
app.include_router(s.router)
""",
    "starlette list": """\
from starlette.applications import Starlette
from starlette.routing import Route
async def predict(r):
    return load(r)
async def health(r):
    return check()
app=Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/health", health)])
""",
    "flask get/post deco": """\
from flask import Flask, Blueprint
from work import load, check
app=Flask(__name__)
@app.post("/predict")
def predict():
    return load(1)
@app.get("/health")
def health():
    return check()
""",
    "flask methods tuple": """\
from flask import Flask, Blueprint
from work import load, check
app=Flask(__name__)
@app.route("/predict", methods=("POST",))
def predict():
    return load(1)
@app.route("/health")
def health():
    return check()
""",
    "flask stacked decorators": """\
from flask import Flask, Blueprint
from work import load, check
app=Flask(__name__)
@app.route("/predict", methods=["POST"])
@limiter.limit("100/minute")
@timed
def predict():
    return load(1)
@app.route("/health/")
def health():
    return check()
""",
    "flask bp": """\
from flask import Flask, Blueprint
from work import load, check
bp=Blueprint("x",__name__)
@bp.route("/predict", methods=["POST"])
def predict():
    return load(1)
@bp.route("/health")
def health():
    return check()
def create_app(c=None):
    app=Flask(__name__)
    app.register_blueprint(bp)
    return app
""",
    "router prefix own path": """\
from fastapi import FastAPI, APIRouter
from work import load, check
router=APIRouter(prefix="/predict")
@router.post("")
def p(file):
    return load(file)
h=APIRouter(prefix="/health")
@h.get("/")
def p2():
    return check()
app=FastAPI()
app.include_router(router)
app.include_router(h)
""",
    "const path": """\
from fastapi import FastAPI, APIRouter
from work import load, check
PREDICT="/predict"
app=FastAPI()
@app.post(PREDICT)
def p(file):
    return load(file)
@app.get(path="/health")
def p2():
    return check()
""",
    "subclass FastAPI": """\
from fastapi import FastAPI
from work import load,check
class App(FastAPI):
    pass
app=App()
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return check()
""",
    "annassign": """\
from fastapi import FastAPI, APIRouter
from work import load, check
app: FastAPI = FastAPI()
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return check()
""",
    "fastapi imported module": """\
import fastapi
from work import load,check
app=fastapi.FastAPI()
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return check()
""",
    "health returns constant dict": """\
from fastapi import FastAPI, APIRouter
from work import load, check
app=FastAPI()
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return {"status":"healthy"}
""",
}

NOT_SERVED = {
    "bp unregistered": """\
from flask import Flask, Blueprint
from work import load, check
bp=Blueprint("x",__name__)
@bp.route("/predict", methods=["POST"])
def predict():
    return load(1)
@bp.route("/health")
def health():
    return check()
app=Flask(__name__)
""",
    "bp prefix /api": """\
from flask import Flask, Blueprint
from work import load, check
bp=Blueprint("x",__name__,url_prefix="/api")
@bp.route("/predict", methods=["POST"])
def predict():
    return load(1)
@bp.route("/health")
def health():
    return check()
app=Flask(__name__)
app.register_blueprint(bp)
""",
    "no framework import": """\
def app(): pass
class FastAPI:
    def post(self,p): return lambda f:f
    get=post
app=FastAPI()
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return check()
""",
    "param app": """\
def f(app):
    @app.post('/predict')
    def p(file):
        return load(file)
    @app.get('/health')
    def h():
        return check()
""",
    "if False": """\
from fastapi import FastAPI, APIRouter
from work import load, check
app=FastAPI()
if False:
    @app.post("/predict")
    def p(file):
        return load(file)
    @app.get("/health")
    def p2():
        return check()
""",
    "if 0 > 1": """\
from fastapi import FastAPI, APIRouter
from work import load, check
app=FastAPI()
if 0 > 1:
    @app.post("/predict")
    def p(file):
        return load(file)
    @app.get("/health")
    def p2():
        return check()
""",
    "after sys.exit": """\
from fastapi import FastAPI, APIRouter
from work import load, check
import sys
app=FastAPI()
sys.exit(0)
@app.post("/predict")
def p(file):
    return load(file)
@app.get("/health")
def p2():
    return check()
""",
}

READ = {
    "plain": """\
import os
PORT=int(os.getenv("PORT","5000"))
DEBUG=os.environ.get("DEBUG","false").lower()=="true"
""",
    "or": """\
import os
PORT=int(os.environ.get("PORT") or 5000)
DEBUG=os.getenv("DEBUG") in ("1",)
""",
    "from os import": """\
from os import environ, getenv
PORT=int(environ.get("PORT",5000))
DEBUG=getenv("DEBUG")
""",
    "in environ": """\
import os
DEBUG="DEBUG" in os.environ
PORT=int(os.environ["PORT"]) if "PORT" in os.environ else 5000
""",
    "try": """\
import os
try:
    PORT=int(os.environ["PORT"])
except KeyError:
    PORT=5000
DEBUG=os.getenv("DEBUG")
""",
    "env = os.environ": """\
import os
env=os.environ
PORT=int(env.get("PORT","5000"))
DEBUG=env.get("DEBUG")
""",
    "class default": """\
import os
class C:
    DEFAULT_PORT=5000
    PORT=int(os.getenv("PORT",DEFAULT_PORT))
    DEBUG=os.getenv("DEBUG")
""",
    "module const": """\
import os
DEFAULT_PORT=5000
PORT=int(os.getenv("PORT",str(DEFAULT_PORT)))
DEBUG=os.getenv("DEBUG")
""",
    "dataclass factory": """\
import os
from dataclasses import dataclass,field
@dataclass
class C:
    port:int=field(default_factory=lambda:int(os.getenv("PORT","5000")))
    debug:bool=field(default_factory=lambda:bool(os.getenv("DEBUG")))
""",
    "pydantic lower": """\
from pydantic_settings import BaseSettings
class S(BaseSettings):
    port:int=5000
    debug:bool=False
""",
    "pydantic sub": """\
from pydantic_settings import BaseSettings
class B(BaseSettings):
    debug:bool=False
class S(B):
    port:int=5000
""",
    "pydantic v1": """\
from pydantic import BaseSettings
class S(BaseSettings):
    PORT:int=5000
    DEBUG:bool=False
    class Config:
        env_file=".env"
""",
    "pydantic AliasChoices": """\
from pydantic import Field, AliasChoices
from pydantic_settings import BaseSettings
class S(BaseSettings):
    p:int=Field(5000, validation_alias=AliasChoices("PORT","APP_PORT"))
    debug:bool=False
""",
    "pydantic Annotated": """\
from typing import Annotated
from pydantic import Field
from pydantic_settings import BaseSettings
class S(BaseSettings):
    port:Annotated[int, Field(ge=1)]=5000
    debug:bool=False
""",
    "environs": """\
from environs import Env
env=Env()
PORT=env.int("PORT",5000)
DEBUG=env.bool("DEBUG",False)
""",
    "decouple": """\
from decouple import config
PORT=config("PORT",default=5000,cast=int)
DEBUG=config("DEBUG",default=False,cast=bool)
""",
    "starlette": """\
from starlette.config import Config
config=Config(".env")
PORT=config("PORT",cast=int,default=5000)
DEBUG=config("DEBUG",default=False)
""",
    "dotenv": """\
import os
from dotenv import load_dotenv
load_dotenv()
PORT=int(os.getenv("PORT",5000))
DEBUG=os.getenv("DEBUG")
""",
    "dotenv_values": """\
import os
from dotenv import dotenv_values
cfg={**dotenv_values(".env"), **os.environ}
PORT=int(cfg.get("PORT",5000))
DEBUG=cfg.get("DEBUG")
""",
    "default by two-step": """\
import os
def get_env_int(key, default):
    value=os.getenv(key)
    return default if value is None else int(value)
PORT=get_env_int("PORT",5000)
DEBUG=os.getenv("DEBUG")
""",
    "default kw": """\
import os
def env(key, *, default=None, cast=str):
    return cast(os.getenv(key, default))
PORT=env("PORT",cast=int,default=5000)
DEBUG=env("DEBUG")
""",
    "fstring": """\
import os
PORT=os.getenv(f"PORT",5000)
DEBUG=os.getenv("DEB"+"UG")
""",
    "attrs env": """\
import os
from functools import partial
PORT=int(os.getenv("PORT",default="5000"))
DEBUG=os.getenv(key="DEBUG")
""",
}

NOT_READ = {
    "own os": """\
class os:
    @staticmethod
    def getenv(a,b=None): return b
PORT=os.getenv("PORT",5000)
DEBUG=os.getenv("DEBUG")
""",
    "unused fn": """\
import os
def f():
    os.getenv("PORT",5000)
    os.getenv("DEBUG")
""",
    "value thrown away": """\
import os
os.getenv("PORT",5000)
os.getenv("DEBUG")
""",
    "if False": """\
import os
if False:
    PORT=os.getenv("PORT",5000)
    DEBUG=os.getenv("DEBUG")
""",
    "stub reader": """\
import os
def get_env(k,d=None):
    return d
PORT=get_env("PORT",5000)
DEBUG=get_env("DEBUG")
""",
}

STUBS = [
    "pass",
    "...",
    'return "TODO"',
    'return {"message":"not implemented"}',
    'return JSONResponse({"detail":"Not implemented"}, status_code=501)',
    "raise HTTPException(status_code=501)",
    'raise HTTPException(501, "Not implemented")',
    'print("hello")',
    "x = 1\n    return x",
    "return {}",
    "return []",
    "return jsonify()",
    "return jsonify({})",
    "return JSONResponse({})",
    "return Response()",
    'return {"predictions": []}',
    "result = None\n    return result",
    "result = dict()\n    return result",
    'return {"success": True, "predictions": [{"class":"cat","confidence":0.9,"rank":1}]}',
    "assert False",
    "del file",
    "if file:\n        pass",
    "try:\n        pass\n    except Exception:\n        pass",
    'logger.info("predict called with %s", file)',
    "len(file)",
    'a = "x" + "y"',
    "while True:\n        pass",
    'return f"{file}"',
    "return file",
    'return "hello"',
    'return {"ok": True}',
    'return "", 200',
    'return {"error":"TODO"}, 501',
    "time.sleep(1)",
    "abort(501)",
]
"""Bodies of a function that is sent an image and does nothing with it."""


def judge(folder, kind, parameters, text):
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(text)
    return run_check(kind, parameters, folder)


@pytest.mark.parametrize("text", SERVED.values(), ids=SERVED)
def test_served(tmp_path, text):
    assert judge(tmp_path, "python.routes", ROUTES, text).fraction == 1


@pytest.mark.parametrize("text", NOT_SERVED.values(), ids=NOT_SERVED)
def test_not_served(tmp_path, text):
    assert judge(tmp_path, "python.routes", ROUTES, text).fraction == 0


@pytest.mark.parametrize("body", STUBS)
def test_a_stub_serves_nothing(tmp_path, body):
    text = (
        f"from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.post('/predict')\ndef predict(file):\n    {body}\n"
    )
    outcome = judge(tmp_path, "python.routes", {"paths": ["src"], "routes": ["POST /predict"]}, text)
    assert outcome.fraction == 0
    assert "stub" in outcome.message


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_read(tmp_path, text):
    assert judge(tmp_path, "python.environment", VARIABLES, text).fraction == 1


@pytest.mark.parametrize("text", NOT_READ.values(), ids=NOT_READ)
def test_not_read(tmp_path, text):
    assert judge(tmp_path, "python.environment", VARIABLES, text).fraction == 0


@pytest.mark.parametrize("use", ["flask\n", "flask.views\n", "_ = flask\n", "_ = flask, flask\n"])
def test_naming_an_import_is_no_use_of_it(tmp_path, use):
    outcome = judge(tmp_path, "python.uses", {"imports": ["flask"]}, f"import flask\n\n{use}")
    assert outcome.fraction == 0


@pytest.mark.parametrize(
    "text",
    [
        "import torch\n\nmodel = torch.hub.load('pytorch/vision', 'resnet50')\n",
        "import importlib\n\nhub = importlib.import_module('torch.hub')\nmodel = hub.load('x')\n",
        "from torch import hub\n\nmodel = hub.load('x')\n",
    ],
)
def test_a_part_of_a_module_is_used_in_many_ways(tmp_path, text):
    assert judge(tmp_path, "python.uses", {"imports": ["torch.hub"]}, text).fraction == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows what is newer than 3.11")
@pytest.mark.parametrize(
    "line",
    [
        "def first[T](items: list[T]) -> T: return items[0]",
        "class Box[T]: pass",
        "type Number = int | float",
        "type Pair[T] = tuple[T, T]",
        """name = f"{row["name"]}" """,
        """names = f"{", ".join(rows)}" """,
    ],
)
def test_syntax_of_a_newer_python_is_not_the_fault_of_the_learner(tmp_path, line):
    outcome = judge(tmp_path, "python.parses", {}, f"{line}\n")
    assert outcome.status == "not_assessed"
    assert "3.12" in outcome.remedy


@pytest.mark.parametrize("line", ["def first(:", "type x", 'name = f"{row"', "class [T]: pass"])
def test_broken_code_stays_the_fault_of_the_learner(tmp_path, line):
    assert judge(tmp_path, "python.parses", {}, f"{line}\n").status == "failed"


DESCRIBED = [
    ("Verdoppelt.\n\n    Argumente:\n        number: Die Zahl.\n\n    Rückgabe:\n        Das Doppelte.\n    ", 1),
    ("Doubles.\n\n    Args:\n        number (Callable[[int], str]): It.\n\n    Returns:\n        Two of it.\n    ", 1),
    ("Doubles.\n\n    Argumente:\n        number: Die Zahl.\n    ", 0),
    ("Doubles.\n\n    Raises:\n        number: It.\n    ", 0),
    ("TODO describe what comes out.\n\n    Args:\n        number: It.\n\n    Returns:\n        Two.\n    ", 0),
    ("Lorem ipsum dolor.\n\n    Args:\n        number: It.\n\n    Returns:\n        Two.\n    ", 0),
]


@pytest.mark.parametrize(("docstring", "fraction"), DESCRIBED)
def test_sections_of_any_language(tmp_path, docstring, fraction):
    text = f'def double(number: int) -> int:\n    """{docstring}"""\n    return call(number)\n'
    outcome = judge(tmp_path, "python.docstrings", {"style": "google", "modules": False}, text)
    assert outcome.fraction == fraction


@pytest.mark.parametrize(
    "body",
    [
        "return {'code': code, 'message': message}",
        "return jsonify(error={'code': code, 'message': message}), 400",
        "return f'{code}: {message}'",
        "self.code = code",
    ],
)
def test_putting_arguments_together_is_work(tmp_path, body):
    text = f"def error(self, code, message):\n    {body}\n"
    assert judge(tmp_path, "python.defines", {"names": [{"function": "error"}]}, text).fraction == 1


@pytest.mark.parametrize("kind", ["Any", "Any | None", "Optional[Any]", "...", "1"])
def test_a_type_that_says_nothing_is_none(tmp_path, kind):
    text = f"from typing import Any, Optional\n\ndef double(number: {kind}) -> {kind}:\n    return call(number)\n"
    assert judge(tmp_path, "python.annotations", {}, text).fraction == 0


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("from flask import abort\n\ndef f(a):\n    if not a:\n        abort(400)\n    abort(404)\n", 2),
        ("from flask import abort\n\ndef f(a):\n    abort(501)\n    return call(a)\n", 0),
        ("@app.errorhandler(404)\ndef f(error):\n    return call(error)\n", 1),
        ("@app.exception_handler(ValueError)\nasync def f(request, error):\n    return call(error)\n", 1),
        ("@app.exception_handler(Exception)\nasync def f(request, error):\n    return call(error)\n", 0),
        ("def f(a):\n    try:\n        x = 1\n    except OSError:\n        log.error(a)\n    return call(a)\n", 0),
        ("def f(a):\n    try:\n        x = a[0]\n    except* OSError:\n        log.error(a)\n    return call(a)\n", 1),
    ],
)
def test_places_that_handle_errors(tmp_path, text, places):
    assert judge(tmp_path, "python.error_handling", {}, text).measure.value == places


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def read():\n    call()\n\nclass Loader:\n    load = read\n", {"class": "Loader", "methods": ["load"]}),
        (
            "class Torch:\n    def load(self):\n        call()\n\nLoader = Torch\n",
            {"class": "Loader", "methods": ["load"]},
        ),
        ("host, port = 'here', 5000\n", {"variable": "port"}),
        ("try:\n    port = read()\nexcept OSError:\n    port = 5000\n", {"variable": "port"}),
    ],
)
def test_defined_in_other_ways(tmp_path, text, wanted):
    assert judge(tmp_path, "python.defines", {"names": [wanted]}, text).fraction == 1


@pytest.mark.parametrize("text", ["if False:\n    port = 1\n", "def f():\n    port = 1\n", "port, host = None, 1\n"])
def test_not_defined(tmp_path, text):
    assert judge(tmp_path, "python.defines", {"names": [{"variable": "port"}]}, text).fraction == 0


def test_a_function_that_ignores_what_it_is_given_is_a_stub(tmp_path):
    text = "class Loader:\n    def predict(self, image):\n        return 'cat'\n"
    outcome = judge(tmp_path, "python.defines", {"names": [{"class": "Loader", "methods": ["predict"]}]}, text)
    assert "only a stub" in outcome.message
