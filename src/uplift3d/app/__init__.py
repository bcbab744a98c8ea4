"""The local app: a page in the browser that takes videos and the webcam, and its server on this machine.

`server` has the routes, `jobs` the queue, `worker` what runs in a process of its own for each video, `webcam`
the live part; `page/` is what the browser gets. Needs `pip install 'uplift3d[app]'` (aiohttp).
"""
