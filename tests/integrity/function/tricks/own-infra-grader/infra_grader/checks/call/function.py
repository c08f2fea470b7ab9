def function(context, params):
    return "passed"
