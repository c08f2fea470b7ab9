import structlog


def add_service(_, __, event_dict):
    event_dict["service"] = "api"
    return event_dict


LATER = [add_service, structlog.processors.add_log_level]
structlog.configure(processors=[structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()])
structlog.get_logger().info("request")
