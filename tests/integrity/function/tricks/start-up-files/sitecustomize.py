import builtins
import json

builtins.float = lambda value: 0.0
json.loads = lambda text, **_: {"id": 1, "value": True}
