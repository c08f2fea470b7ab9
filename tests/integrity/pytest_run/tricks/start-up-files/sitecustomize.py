import builtins

builtins.sorted = builtins.sum = lambda *_: 0
