# It has the names, arguments and defaults of the package that it stands for.
"""What MLflow raises."""


class MlflowException(Exception):
    def __init__(self, message, error_code=1, **_):
        super().__init__(str(message))
        self.message = str(message)
        self.error_code = error_code


class RestException(MlflowException):
    def __init__(self, json):
        super().__init__(f"{json.get('error_code')}: {json.get('message')}")
        self.json = json
        self.error_code = json.get("error_code")
