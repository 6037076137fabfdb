"""The judge of runtime/alarms/judge as a graph: one row as plain nodes, and a Scan of it.

Operator for operator what the NumPy judge computes, in double precision and in
its order, so that the two agree to the bit but for `Log` and `Exp`, of which
each library has its own last bit. A file here mirrors one there.

| file               | what it is                                               |
|--------------------|----------------------------------------------------------|
| `terms`            | names of tensors that are added and compared as arrays   |
| `layout`           | the state as one tensor (S, B)                           |
| `tail_nodes`       | surprise of residuals, and familiarity                   |
| `residual_nodes`   | five residuals of one channel, their fusion, and the bar |
| `moment_nodes`     | deviations and repeats of many channels                  |
| `account_nodes`    | what a budget pays for, and what has been learnt         |
| `row`              | all of it, for one row                                   |
| `forms`            | a plain step as a model of its own; the Scan             |

The plain step is made of these operators, all of opset 17: Abs, Add, And,
Cast, Concat, CumSum, Div, Equal, Exp, Gather, Greater, Identity, Less, Log, Max, Min, Mul,
Not, Or, ReduceMax, ReduceSum, Reshape, Slice, Split, Sqrt, Sub, Where. Its tensors are
double, but for booleans, and whole numbers that say places. A state holds
NaN and infinity is compared with: C is to be compiled without -ffast-math,
and for the same bits with -ffp-contract=off.
"""
