def pytest_collection_modifyitems(config):
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "Reporter":
            config.pluginmanager.unregister(plugin)
