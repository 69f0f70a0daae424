"""Gateway, as API Gateway calls it; it has no tasks, no events and no database."""

from bifrost.runtime.lambda_entry import Listeners, Tasks, lambda_entry

TASKS: Tasks = {}
LISTENERS: Listeners = {}
handler = lambda_entry("gateway", tasks=TASKS, listeners=LISTENERS)
