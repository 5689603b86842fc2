the worker
