"""The pages: `GET /`, a live page of streams, charts and events; no build, no outside address.

assets/ holds it as it is served: index.html, the modules that begin at live.js, and uPlot, which
draws. `routes.py` answers with them, and with the pulse: what a page wants to know of all streams
at once and no event tells it.
"""
