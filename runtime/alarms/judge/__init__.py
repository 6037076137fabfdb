"""The judge between a network's answer and an alarm.

Each part is a pure function of a row and a small state, with its formula in
the docstring and its constants in a frozen dataclass. Arrays have the streams
last, (..., B), and every operation is elementwise over them, so that a stream
is judged the same to the bit alone, in a fleet, and in chunks of any size.

| part            | what it gives                                               |
|-----------------|-------------------------------------------------------------|
| `moments`       | deviations from moments that adapt, a channel               |
| `frozen`        | how unlike its past it is for a channel to repeat itself    |
| `residuals`     | five residuals of one channel                               |
| `tail`          | surprise of a residual, in nats, and familiarity            |
| `bar`           | fusion, and the bar that lets one event alarm once          |
| `levels`        | base thresholds from replayed rows                          |
| `account`       | the alarms that a budget pays for                           |
| `learning`      | whether a new level has been learnt                         |
| `single`        | one channel of one stream, in plain numbers                 |
| `judge`, `spec` | all of it together, and what a capsule stores of it         |
"""
