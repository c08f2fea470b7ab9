# It has the names, arguments and defaults of the package that it stands for.
"""The client."""

from . import _registry
from .entities import model_version, run


class MlflowClient:
    def __init__(self, tracking_uri=None, registry_uri=None):
        if tracking_uri or registry_uri:
            _registry.set_tracking_uri(tracking_uri or registry_uri)

    def search_model_versions(self, filter_string=None, max_results=100, order_by=None, page_token=None):
        _registry.reach()
        name = str(filter_string or "").replace('"', "'").split("'")
        return [model_version(name[1] if len(name) > 1 else "model", number) for number in reversed(_registry.VERSIONS)]

    def get_latest_versions(self, name, stages=None):
        _registry.reach()
        return [model_version(name, _registry.VERSIONS[-1])]

    def get_model_version(self, name, version):
        _registry.reach()
        return model_version(name, _registry.version_of(version))

    def get_model_version_by_alias(self, name, alias):
        return self.get_model_version(name, alias)

    def get_registered_model(self, name):
        from types import SimpleNamespace

        return SimpleNamespace(
            name=name,
            latest_versions=self.get_latest_versions(name),
            aliases={"champion": "3"},
            tags={},
            description="",
        )

    def search_registered_models(self, *_, **__):
        return [self.get_registered_model("image-classifier")]

    def search_experiments(self, *_, **__):
        _registry.reach()
        return []

    def get_run(self, run_id):
        _registry.reach()
        return run(run_id)


def search_model_versions(max_results=None, filter_string=None, order_by=None):
    return MlflowClient().search_model_versions(filter_string)


def search_registered_models(*_, **__):
    return MlflowClient().search_registered_models()


set_tracking_uri = _registry.set_tracking_uri
get_tracking_uri = _registry.get_tracking_uri
