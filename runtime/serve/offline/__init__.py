"""score.html: one page that scores a CSV with a capsule in the browser; no row leaves the machine.

`stillwatch score-page` puts it together: the page of assets/, the example's modules, uPlot,
Papa Parse, and onnxruntime-web's WebAssembly, which npm brings and this package does not.
"""
