HEALTHY = b'{"status": "healthy"}'
