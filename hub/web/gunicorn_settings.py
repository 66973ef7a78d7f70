"""Settings of gunicorn, which serves the pages in the distributed engine.

Address and number of processes come from `hub serve`. Bodies are limited by the application.
"""

from hub.web.serving.connections import ConnectionLimits

_LIMITS = ConnectionLimits()
worker_class = "gthread"
threads = _LIMITS.threads
worker_connections = _LIMITS.connections
backlog = 1024
keepalive = int(_LIMITS.idle_seconds)
timeout = 60  # without a sign of life, after which a process is replaced
graceful_timeout = 10  # for requests in progress when it ends
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = ""  # the application itself reads the headers of declared proxies
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = "hub"
